import { expect, test } from 'vitest';
import { VoiceLimit } from './voice';

/** What Opus takes of a limit, where the browser takes so much from it. */
const opus = (limit: number, taken: number): number => Math.max(limit - taken, 6_000);

test('a voice takes what is wanted after a few seconds, whatever the browser takes from its limit', () => {
  for (const taken of [0, 11_200, 17_600, 34_400]) {
    const voice = new VoiceLimit(32_000);
    voice.want(8_000);
    for (let second = 0; second < 24; second += 1) {
      const takes = opus(voice.limit, taken);
      expect(takes, 'it begins low').toBeLessThanOrEqual(9_500);
      voice.observe(takes);
    }
    expect(Math.abs(opus(voice.limit, taken) - 8_000)).toBeLessThanOrEqual(1_500);
  }
});

test('a voice that was found once takes more and less at once', () => {
  const voice = new VoiceLimit(32_000);
  voice.want(16_000);
  for (let second = 0; second < 8; second += 1) voice.observe(opus(voice.limit, 17_600));
  voice.want(29_000);
  expect(Math.abs(opus(voice.limit, 17_600) - 29_000)).toBeLessThanOrEqual(1_500);
});

test('a limit is never below what is wanted, nor far above it', () => {
  const voice = new VoiceLimit(16_000);
  for (let second = 0; second < 60; second += 1) voice.observe(6_000);
  expect(voice.limit).toBe(56_000);
  expect(voice.observe(40_000)).toBe(true);
  expect(voice.limit).toBe(32_000);
  expect(voice.observe(90_000)).toBe(true);
  expect(voice.limit).toBe(16_000);
});
