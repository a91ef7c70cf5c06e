import type { Browser } from '@playwright/test';

import { BROKEN_MS } from './calls.ts';

/** One cold visit of the web client. */
export interface Load {
  /** Navigation → something is seen, in ms. */
  paint: number;
  /** Navigation → the form takes a name, in ms. */
  interactive: number;
  /** JavaScript and WebAssembly as they crossed the network, in KiB. */
  code: number;
  /** Everything as it crossed the network, in KiB. */
  all: number;
}

/** A connection as a phone has it at the edge of a network: bit/s each way, and ms to the relay. */
export interface Line {
  readonly rate: number;
  readonly latency: number;
}

/** Visits the relay's first page with a profile that has never been there. */
export async function timeLoad(browser: Browser, origin: string, line?: Line): Promise<Load> {
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  const debug = await context.newCDPSession(page);
  const kinds = new Map<string, string>();
  let code = 0;
  let all = 0;
  debug.on('Network.responseReceived', ({ requestId, response }) => {
    kinds.set(requestId, response.mimeType);
  });
  debug.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    all += encodedDataLength;
    if (/javascript|wasm/.test(kinds.get(requestId) ?? '')) code += encodedDataLength;
  });
  await debug.send('Network.enable');
  await debug.send('Network.clearBrowserCache');
  if (line) {
    await debug.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: line.latency,
      downloadThroughput: line.rate / 8,
      uploadThroughput: line.rate / 8,
    });
  }
  await page.addInitScript(() => {
    const check = new MutationObserver(() => {
      const field = document.querySelector<HTMLInputElement>('input[name=username]');
      if (!field || field.disabled) return;
      check.disconnect();
      requestAnimationFrame(() => performance.mark('interactive'));
    });
    check.observe(document, { subtree: true, childList: true, attributes: true });
  });
  await page.goto(origin);
  await page.waitForFunction(
    () => performance.getEntriesByName('interactive').length > 0,
    undefined,
    { timeout: BROKEN_MS },
  );
  const interactive = await page.evaluate(
    () => performance.getEntriesByName('interactive')[0]?.startTime ?? Number.NaN,
  );
  const paint = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  );
  await page.waitForLoadState('networkidle');
  await context.close();
  return { paint, interactive, code: code / 1024, all: all / 1024 };
}
