import { expect, type Locator, type Page } from '@playwright/test';

import type { MediaUse } from './probe.ts';

/** Energy (root mean square, full scale is 1) that tells the fake device's beep from silence. */
const AUDIBLE = 0.003;
/** Longer than two periods of the fake microphone's beep, in ms. */
const LISTEN_MS = 2_200;

/** What the page did with media so far. */
export function mediaUse(page: Page): Promise<MediaUse> {
  return page.evaluate(() => {
    const { connections, captures, cameraCaptures } = window.bellwireProbe;
    return { connections, captures, cameraCaptures };
  });
}

/** Frames that a video presented within `ms`, at most `enough`. */
function frames(video: Locator, enough: number, ms: number): Promise<number> {
  return video.evaluate(
    (element: HTMLVideoElement, { enough, ms }) =>
      new Promise<number>((resolve) => {
        let seen = 0;
        const deadline = setTimeout(() => resolve(seen), ms);
        const next = (): void => {
          seen += 1;
          if (seen < enough) {
            element.requestVideoFrameCallback(next);
            return;
          }
          clearTimeout(deadline);
          resolve(seen);
        };
        element.requestVideoFrameCallback(next);
      }),
    { enough, ms },
  );
}

/** A picture moves: new frames are presented, and they are not of one colour. */
export async function expectMoving(video: Locator, what: string): Promise<void> {
  await expect(video, `${what} is shown`).toBeVisible();
  await expect(async () => {
    expect(await frames(video, 10, 3_000), `${what}: new frames`).toBeGreaterThanOrEqual(10);
    expect(await spread(video), `${what}: contrast of the picture`).toBeGreaterThan(20);
  }).toPass({ timeout: 15_000 });
}

/** No new frame for a second. */
export async function expectStill(video: Locator, what: string): Promise<void> {
  await expect(async () => {
    expect(await frames(video, 1, 1_000), `${what}: new frames`).toBe(0);
  }).toPass({ timeout: 10_000 });
}

/** Difference between the darkest and the brightest part of a video's picture, 0 to 255. */
function spread(video: Locator): Promise<number> {
  return video.evaluate((element: HTMLVideoElement) => {
    const canvas = document.createElement('canvas');
    canvas.width = 32;
    canvas.height = 24;
    const context = canvas.getContext('2d');
    if (context === null) return 0;
    context.drawImage(element, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let low = 255;
    let high = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      const light = ((pixels[at] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at + 2] ?? 0)) / 3;
      low = Math.min(low, light);
      high = Math.max(high, light);
    }
    return high - low;
  });
}

/** The loudest energy that arrived on any open connection within `ms`; stops once above `enough`. */
function loudest(page: Page, ms: number, enough: number): Promise<number> {
  return page.evaluate(
    ({ ms, enough }) =>
      new Promise<number>((resolve) => {
        const probe = window.bellwireProbe;
        probe.context ??= new AudioContext();
        const context = probe.context;
        const taps = (): AnalyserNode[] =>
          probe.open
            .filter((connection) => connection.connectionState !== 'closed')
            .flatMap((connection) => connection.getReceivers().map((receiver) => receiver.track))
            .filter((track) => track.kind === 'audio' && track.readyState === 'live')
            .map((track) => {
              const known = probe.taps.get(track);
              if (known) return known;
              const analyser = context.createAnalyser();
              context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
              probe.taps.set(track, analyser);
              return analyser;
            });
        let loud = 0;
        const started = performance.now();
        const samples = new Float32Array(2_048);
        const measure = (): void => {
          for (const analyser of taps()) {
            analyser.getFloatTimeDomainData(samples);
            const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
            loud = Math.max(loud, Math.sqrt(energy / samples.length));
          }
          if (loud > enough || performance.now() - started > ms) resolve(loud);
          else setTimeout(measure, 20);
        };
        measure();
      }),
    { ms, enough },
  );
}

/** Sound of the other side arrives in this page. */
export async function expectSound(page: Page, what: string): Promise<void> {
  await expect(async () => {
    expect(await loudest(page, LISTEN_MS, AUDIBLE), `${what}: energy`).toBeGreaterThan(AUDIBLE);
  }).toPass({ timeout: 15_000 });
}

/** Nothing is heard in this page for longer than the fake microphone is ever silent. */
export async function expectSilence(page: Page, what: string): Promise<void> {
  await expect(async () => {
    expect(await loudest(page, LISTEN_MS, AUDIBLE), `${what}: energy`).toBeLessThan(AUDIBLE);
  }).toPass({ timeout: 15_000 });
}
