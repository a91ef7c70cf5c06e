import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Client } from '../lib/client.svelte';
import type { Figures } from '../lib/rtc/peers';
import { Readings } from './figures.svelte';

const well: Figures = {
  at: 0,
  bitrateUp: 1_700_000,
  bitrateDown: 1_700_000,
  lossUp: 0,
  lossDown: 0,
  roundTrip: 30,
  jitter: 5,
  framesPerSecond: 30,
  frameWidth: 1280,
  frameHeight: 720,
  path: 'direct',
};
let next: Figures | null;
const figures = vi.fn(() => Promise.resolve(next && { ...next, at: Date.now() }));
const client = { figures } as unknown as Client;

beforeEach(() => {
  vi.useFakeTimers();
  figures.mockClear();
  next = well;
});
afterEach(() => void vi.useRealTimers());

/** How often the connection is asked in so many seconds. */
async function asked(seconds: number): Promise<number> {
  const before = figures.mock.calls.length;
  await vi.advanceTimersByTimeAsync(seconds * 1_000);
  flushSync();
  return figures.mock.calls.length - before;
}

it('asks a connection that is well three times in nine seconds, and no more', async () => {
  const readings = new Readings();
  const stop = readings.read(client, 1);
  expect(await asked(1), 'the first after a second').toBe(1);
  expect(await asked(9)).toBe(3);
  stop();
  expect(await asked(9)).toBe(0);
});

it('asks each second while something is amiss, and while nothing is known', async () => {
  const readings = new Readings();
  next = null;
  const stop = readings.read(client, 1);
  expect(await asked(4)).toBe(4);
  next = { ...well, lossDown: 0.2 };
  expect(await asked(5)).toBe(5);
  expect(readings.quality?.bars).toBe(1);
  next = well;
  expect(await asked(3), 'until three in a row are well').toBe(3);
  expect(await asked(9)).toBe(3);
  stop();
});

it('asks each second, and at once, for whoever looks at the figures', async () => {
  const readings = new Readings();
  const stop = readings.read(client, 1);
  await asked(4);
  readings.look(true);
  expect(figures).toHaveBeenCalledTimes(3);
  expect(await asked(5)).toBe(5);
  readings.look(false);
  await asked(1);
  expect(await asked(9)).toBe(3);
  stop();
});

it('keeps three minutes of them', async () => {
  const readings = new Readings();
  const stop = readings.read(client, 1);
  readings.look(true);
  await asked(400);
  expect(readings.all).toHaveLength(180);
  stop();
});
