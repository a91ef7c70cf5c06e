import type { Browser, BrowserContext, Page } from '@playwright/test';

import { script, type Marks } from './stopwatch.ts';

/** One end of a call: a page and the buttons on it. */
export interface End {
  readonly page: Page;
}

/** What one call took, in ms. */
export interface Timing {
  /** Press call → incoming dialog painted. */
  ring: number;
  /** Accept → first frame of the caller, at the callee. */
  callee: number;
  /** Accept → first frame of the callee, at the caller. */
  caller: number;
}

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
  await page.evaluate(async () => {
    window.stopwatch.warm = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  });
}

/** Places a call from one page to the other, and stops when both see each other. */
export async function timeCall(caller: End, callee: End): Promise<Timing> {
  await Promise.all([caller, callee].map(({ page }) => page.evaluate(() => window.stopwatch.reset())));
  await caller.page.getByRole('button', { name: 'Video call', exact: true }).click();
  await callee.page
    .getByRole('alertdialog', { name: 'Incoming call' })
    .getByRole('button', { name: 'Accept', exact: true })
    .click({ timeout: BROKEN_MS });
  const [near, far] = await Promise.all([framed(caller.page), framed(callee.page)]);
  const pressed = clickOf(near, 'Video call');
  const accepted = clickOf(far, 'Accept');
  if (near.frame === null || far.frame === null || far.ring === null) {
    throw new Error('a call without a ring or without a picture');
  }
  return {
    ring: far.ring - pressed,
    callee: far.frame - accepted,
    caller: near.frame - accepted,
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
