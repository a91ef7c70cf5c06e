import { setTimeout as delay } from 'node:timers/promises';

import type { Browser, BrowserContext, Page } from '@playwright/test';

import type { MainThread, Processor } from './effort.ts';
import { script, type Marks } from './stopwatch.ts';

/** One end of a call: a page with its buttons, and its main thread. */
export interface End {
  readonly page: Page;
  readonly thread: MainThread;
}

/** What one call took, in ms. */
export interface Timing {
  /** Press call → incoming dialog painted. */
  ring: number;
  /** Accept → first frame of the caller, at the callee. */
  callee: number;
  /** Accept → first frame of the callee, at the caller. */
  caller: number;
  /** CPU time of both pages' scripts from Accept until {@link SETTLED_MS} later. */
  script: number;
  /** CPU seconds of the browser from pressing call until {@link SETTLED_MS} after Accept. */
  processor: number;
}

/** How long after Accept a call is made, in ms: what comes later is the call itself. */
const SETTLED_MS = 1_500;

/** What a camera is asked for, as Bellwire asks: both benchmarks encode and draw the same. */
const camera = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/** How long anything in a call may take before the run counts as broken, in ms. */
export const BROKEN_MS = 15_000;

/**
 * A browser profile whose camera and microphone are open already, as they are for somebody who
 * just looked at the preview: what is measured is the call, not the camera's start.
 */
export async function warmContext(browser: Browser, baseURL?: string): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    ...(baseURL === undefined ? {} : { baseURL }),
  });
  await context.addInitScript({ path: script });
  return context;
}

/** Opens camera and microphone in a page and keeps them open. */
export async function warm(page: Page): Promise<void> {
  await page.evaluate(async (video) => {
    window.stopwatch.warm = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  }, camera);
}

/** Places a call from one page to the other, and stops when it is made and both see each other. */
export async function timeCall(caller: End, callee: End, processor: Processor): Promise<Timing> {
  const ends = [caller, callee] as const;
  const script = async (): Promise<number> => {
    const [one, other] = await Promise.all(ends.map(({ thread }) => thread.script()));
    return (one ?? Number.NaN) + (other ?? Number.NaN);
  };
  await Promise.all(ends.map(({ page }) => page.evaluate(() => window.stopwatch.reset())));
  const accept = callee.page
    .getByRole('alertdialog', { name: 'Incoming call' })
    .getByRole('button', { name: 'Accept', exact: true });
  let marks: [near: Marks, far: Marks] | undefined;
  let scripted = Number.NaN;
  const spent = await processor.during(async () => {
    await caller.page.getByRole('button', { name: 'Video call', exact: true }).click();
    await accept.waitFor({ timeout: BROKEN_MS });
    const before = await script();
    await accept.click();
    const settled = delay(SETTLED_MS);
    marks = await Promise.all([framed(caller.page), framed(callee.page)]);
    await settled;
    scripted = (await script()) - before;
  });
  if (!marks) throw new Error('a call without moments');
  const [near, far] = marks;
  const accepted = clickOf(far, 'Accept');
  if (near.frame === null || far.frame === null || far.ring === null) {
    throw new Error('a call without a ring or without a picture');
  }
  return {
    ring: far.ring - clickOf(near, 'Video call'),
    callee: far.frame - accepted,
    caller: near.frame - accepted,
    script: scripted,
    processor: spent,
  };
}

/** The moments of a page, once it has shown a picture. */
async function framed(page: Page): Promise<Marks> {
  await page.waitForFunction(() => window.stopwatch.marks.frame !== null, undefined, {
    timeout: BROKEN_MS,
    polling: 50,
  });
  return page.evaluate(() => window.stopwatch.marks);
}

export function clickOf(marks: Marks, button: string): number {
  const at = marks.clicks[button];
  if (at === undefined) throw new Error(`no click on ${button}`);
  return at;
}
