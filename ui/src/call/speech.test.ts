// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { Speech } from './speech';

const RATE = 48_000;
const READING = 8_192;

/** Noise that is the same in every run. */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state / 1_073_741_824 - 1) * 1.7;
  };
}

/** Four readings a second of a sound; whether each was taken for speech. */
function heard(seconds: number, sound: (at: number) => number): boolean[] {
  const speech = new Speech();
  return Array.from({ length: seconds * 4 }, (_, reading) => {
    const samples = Float32Array.from({ length: READING }, (_, n) =>
      sound((reading * RATE) / 4 / RATE + n / RATE),
    );
    return speech.hear(samples);
  });
}

const gain = (decibels: number) => 10 ** (decibels / 20);
const random = noise();
const hiss = (decibels: number) => random() * gain(decibels);
/** Vowels with four syllables a second and a breath every two seconds, as voices have them. */
function voice(at: number, decibels: number): number {
  const syllable = Math.max(0, Math.sin(2 * Math.PI * 4.3 * at)) ** 1.5;
  const breath = at % 2 < 1.6 ? 1 : 0;
  const tones = [1, 2, 3, 4, 6, 9].map((n) => Math.sin(2 * Math.PI * 130 * n * at) / n);
  return tones.reduce((sum, one) => sum + one, 0) * syllable * breath * gain(decibels) * 1.4;
}

describe('speech', () => {
  it.each([-42, -30, -18])('is heard within a second at %i dB', (level) => {
    const told = heard(6, (at) => hiss(-65) + (at < 2 ? 0 : voice(at - 2, level)));
    expect(told.slice(0, 8)).not.toContain(true);
    expect(told.indexOf(true), 'first heard').toBeLessThanOrEqual(8 + 3);
    expect(told.indexOf(true)).toBeGreaterThanOrEqual(8 + 1);
  });

  it('is heard beside a fan', () => {
    const told = heard(8, (at) => hiss(-48) + (at < 5 ? 0 : voice(at - 5, -24)));
    expect(told.slice(0, 20)).not.toContain(true);
    expect(told).toContain(true);
  });

  it('is over when it is over', () => {
    const told = heard(6, (at) => hiss(-65) + (at < 3 ? voice(at, -25) : 0));
    expect(told.slice(-10)).not.toContain(true);
  });

  const click = (at: number, every: number, long: number) => (at % every < long ? 1 : 0);
  it.each<[string, (at: number) => number]>([
    ['a silent room', () => hiss(-75)],
    ['a loud room', () => hiss(-35)],
    ['a fan that starts', (at) => hiss(at < 3 ? -70 : -40)],
    ['a vacuum cleaner that starts', (at) => hiss(at < 3 ? -70 : -20)],
    ['a hum', (at) => hiss(-70) + Math.sin(2 * Math.PI * 50 * at) * gain(-25)],
    ['keys', (at) => hiss(-65) + hiss(-25) * click(at, 0.21, 0.012)],
    ['one slam', (at) => hiss(-65) + (at > 2 && at < 2.3 ? hiss(-12) : 0)],
    ['a slam every second', (at) => hiss(-65) + hiss(-12) * click(at, 1, 0.12)],
  ])('is not %s', (_name, sound) => {
    expect(heard(12, sound)).not.toContain(true);
  });
});
