import { join } from 'node:path';

import type { Page } from '@playwright/test';

/** What a page saw at one look. Times are ms since 1970; all pages are on one machine. */
export interface Look {
  at: number;
  /** Sound was heard since the look before. */
  more: boolean;
  /** Samples played so far, made-up ones among them. */
  played: number;
  /** Those made up where none came. */
  concealed: number;
  /** Pictures decoded so far. */
  frames: number;
}

declare global {
  interface Window {
    sound: { looks: Look[]; running: boolean; start(): Promise<void>; stop(): void };
  }
}

/** The script that listens; the same for Bellwire and for PeerJS. */
export const soundScript = join(import.meta.dirname, 'sound-page.js');

/** Silence shorter than this is no gap, in ms: three looks. */
export const SHORTEST_MS = 150;

/** Begins to listen, with nothing heard yet. */
export async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.sound.stop();
    window.sound.looks = [];
    setTimeout(() => void window.sound.start(), 100);
  });
}

export async function looks(page: Page): Promise<Look[]> {
  return page.evaluate(() => window.sound.looks);
}

/**
 * From a moment until sound came without gaps again, in ms; 0 where it never stopped. Sound that
 * did not come back counts until the last look.
 */
export function backAfter(looks: readonly Look[], moment: number): number {
  let back = 0;
  let heard = moment;
  for (const { at, more } of looks) {
    if (at < moment || !more) continue;
    if (at - heard > SHORTEST_MS) back = at - moment;
    heard = at;
  }
  const last = looks.at(-1)?.at ?? moment;
  return last - heard > SHORTEST_MS ? last - moment : back;
}

/** For how long nothing was heard since a moment, in ms, gaps added up. */
export function silence(looks: readonly Look[], moment: number): number {
  let sum = 0;
  let heard = moment;
  for (const { at, more } of looks) {
    if (at < moment || !more) continue;
    if (at - heard > SHORTEST_MS) sum += at - heard;
    heard = at;
  }
  const last = looks.at(-1)?.at ?? moment;
  return last - heard > SHORTEST_MS ? sum + (last - heard) : sum;
}

/** Share of what was played that was made up, between the first look after a moment and the last. */
export function concealed(looks: readonly Look[], moment: number): number {
  const first = looks.find(({ at }) => at >= moment);
  const last = looks.at(-1);
  if (!first || !last || last.played === first.played) return 1;
  return (last.concealed - first.concealed) / (last.played - first.played);
}

/** Waits until sound came without a gap for so long, in ms; false if it does not within `limit`. */
export async function isSteady(page: Page, ms: number, limit: number): Promise<boolean> {
  return page
    .waitForFunction(
      ([ms, shortest]) => {
        const until = performance.timeOrigin + performance.now();
        const recent = window.sound.looks.filter(({ at }) => at > until - ms);
        const heard = recent.filter(({ more }) => more).map(({ at }) => at);
        const edges = [until - ms, ...heard, until];
        return edges.every((at, index) => index === 0 || at - (edges[index - 1] ?? 0) <= shortest);
      },
      [ms, 3 * SHORTEST_MS] as const,
      { timeout: limit, polling: 100 },
    )
    .then(() => true, () => false);
}
