import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium, expect, type Browser, type BrowserContext, type Page } from '@playwright/test';

import type { Account } from './account.ts';
import { withDevices } from './chromium.ts';
import { executablePath } from './chromium-flags.ts';
import { Person } from './person.ts';
import { installProbe } from './probe.ts';
import type { Relay } from './relay.ts';

/**
 * A browser as a person has it: of its tabs one is seen, the others are hidden. Where Playwright starts
 * a browser, every page counts as seen.
 */
export class Profile {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly browser: Browser,
    private readonly context: BrowserContext,
  ) {}

  static async start(): Promise<Profile> {
    const folder = await mkdtemp(join(tmpdir(), 'bellwire-profile-'));
    const child = spawn(
      executablePath,
      [
        ...(withDevices.args ?? []),
        '--remote-debugging-port=0',
        `--user-data-dir=${folder}`,
        '--lang=en-GB',
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const address = await new Promise<string>((found, failed) => {
      let said = '';
      child.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        const match = /listening on (ws:\S+)/.exec(said);
        if (match?.[1] !== undefined) found(match[1]);
      });
      child.once('exit', (code) => failed(new Error(`the browser ended with ${code}: ${said}`)));
    });
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    const [context] = browser.contexts();
    if (!context) throw new Error('a browser has a context');
    await context.addInitScript(installProbe);
    return new Profile(child, folder, browser, context);
  }

  /** A new tab, which is seen from then on. */
  async open(relay: Relay, account: Account): Promise<Person> {
    const page = await this.context.newPage();
    await page.goto(relay.origin);
    return new Person(account, this.context, page);
  }

  /** A tab with something else, behind which every other one is hidden. */
  async lookAway(): Promise<Page> {
    const page = await this.context.newPage();
    await page.bringToFront();
    return page;
  }

  async remove(): Promise<void> {
    await this.browser.close();
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exited;
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export async function expectHidden(page: Page): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => document.visibilityState), 'nobody sees this window')
    .toBe('hidden');
}
