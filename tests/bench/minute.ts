import { setTimeout as delay } from 'node:timers/promises';

import type { Page } from '@playwright/test';

import type { Processor } from './effort.ts';

/** What a minute of a call with pictures takes, and what was sent meanwhile. */
export interface Minute {
  /** CPU seconds of the browser, with both ends in it. */
  processor: number;
  /** How wide the smaller of both pictures was, in px. */
  width: number;
  /** What both ends received, in kbit/s. */
  rate: number;
}

/** How long a call is watched for what it takes, in ms. */
const WATCH_MS = 10_000;
/** As wide as both benchmarks ask the camera to be, in px. */
const FULL = 1_280;
/** How long the senders' estimates of the path may take until they send that, in ms. */
const GROWS_MS = 30_000;
/** After that the rate still climbs to what the sender is content with, in ms. */
const CLIMBS_MS = 5_000;

/**
 * Watches a call once both ends send their full picture: an estimate that is still low costs less,
 * and says nothing of the minutes to come. A picture that stays smaller is watched as it is.
 */
export async function watchMinute(pages: readonly Page[], processor: Processor): Promise<Minute> {
  const grown = async (page: Page): Promise<void> => {
    const options = { timeout: GROWS_MS, polling: 250 };
    await page.waitForFunction(isFull, FULL, options).catch(() => undefined);
  };
  await Promise.all(pages.map(grown));
  await delay(CLIMBS_MS);
  const received = async (): Promise<number> => {
    const each = await Promise.all(
      pages.map((page) => page.evaluate(() => window.stopwatch.received())),
    );
    return each.reduce((sum, bytes) => sum + bytes, 0);
  };
  const widths = await Promise.all(pages.map((page) => page.evaluate(widthOfOther)));
  const before = await received();
  const spent = await processor.during(() => delay(WATCH_MS));
  const bytes = (await received()) - before;
  return {
    processor: spent * (60_000 / WATCH_MS),
    width: Math.min(...widths),
    rate: (bytes * 8) / WATCH_MS,
  };
}

function isFull(full: number): boolean {
  return [...document.querySelectorAll('video')].some(
    ({ ariaLabel, videoWidth }) => ariaLabel !== 'You' && videoWidth >= full,
  );
}

function widthOfOther(): number {
  const others = [...document.querySelectorAll('video')].filter(({ ariaLabel }) => ariaLabel !== 'You');
  return Math.max(0, ...others.map(({ videoWidth }) => videoWidth));
}
