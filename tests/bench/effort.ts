import type { Browser, CDPSession, Page } from '@playwright/test';

/** The processor time that a browser takes, in all of its processes. */
export class Processor {
  private constructor(private readonly session: CDPSession) {}

  static async of(browser: Browser): Promise<Processor> {
    return new Processor(await browser.newBrowserCDPSession());
  }

  /** CPU seconds that something takes. Whatever else the browser does meanwhile is in it. */
  async during(something: () => Promise<unknown>): Promise<number> {
    const before = await this.#seconds();
    await something();
    return (await this.#seconds()) - before;
  }

  async #seconds(): Promise<number> {
    const { processInfo } = await this.session.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  }
}

/** The main thread of a page: how slow it is, and what script takes on it. */
export class MainThread {
  private constructor(private readonly session: CDPSession) {}

  /** `slower` is Chromium's CPU throttling rate: 4 runs script a fourth of the time. */
  static async of(page: Page, slower: number): Promise<MainThread> {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
    return new MainThread(session);
  }

  /** CPU time of script so far, in ms. */
  async script(): Promise<number> {
    const { metrics } = await this.session.send('Performance.getMetrics');
    const script = metrics.find(({ name }) => name === 'ScriptDuration');
    return (script?.value ?? Number.NaN) * 1_000;
  }
}
