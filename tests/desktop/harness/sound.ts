import { run } from './command.ts';
import { readFileSync } from 'node:fs';

/** Samples of one channel, full scale is 1. */
export interface Sound {
  readonly samples: Float32Array;
  readonly rate: number;
}

/** From 16 bit little endian. */
export function samples(bytes: Buffer, rate: number): Sound {
  const samples = new Float32Array(bytes.length >> 1);
  for (let at = 0; at < samples.length; at += 1) samples[at] = bytes.readInt16LE(at * 2) / 32_768;
  return { samples, rate };
}

/** A file as sound of this rate. */
export async function read(file: string, rate: number, scratch: string): Promise<Sound> {
  const raw = `${scratch}/read.raw`;
  await run('sox', [file, '-r', `${rate}`, '-c', '1', '-e', 'signed', '-b', '16', raw]);
  return samples(readFileSync(raw), rate);
}

export interface Match {
  /** Normalised cross-correlation where it fits best: 1 is the same, 0 is something else. */
  readonly likeness: number;
  /** Where in the longer sound that is, in samples. */
  readonly at: number;
  /** How loud the part of the longer sound is there, in dB below full scale. */
  readonly level: number;
}

/** Where a piece of sound is in a longer one, and how well it fits. */
export function find(piece: Sound, whole: Sound): Match {
  const [short, long] = [piece.samples, whole.samples];
  if (long.length < short.length) throw new Error('less was recorded than was said');
  const norm = Math.sqrt(energy(short, 0, short.length));
  let inside = energy(long, 0, short.length);
  let best = { likeness: 0, at: 0, power: 0 };
  for (let at = 0; at + short.length <= long.length; at += 1) {
    if (inside > 1e-6) {
      let product = 0;
      for (let index = 0; index < short.length; index += 1) {
        product += (short[index] ?? 0) * (long[at + index] ?? 0);
      }
      const likeness = Math.abs(product) / (norm * Math.sqrt(inside));
      if (likeness > best.likeness) best = { likeness, at, power: inside / short.length };
    }
    inside += (long[at + short.length] ?? 0) ** 2 - (long[at] ?? 0) ** 2;
  }
  return { likeness: best.likeness, at: best.at, level: decibels(best.power) };
}

/** Part of a sound, in seconds. */
export function part({ samples, rate }: Sound, from: number, to: number): Sound {
  return { samples: samples.slice(Math.round(from * rate), Math.round(to * rate)), rate };
}

/** How loud a sound is on the whole, in dB below full scale. */
export function level({ samples }: Sound): number {
  return decibels(energy(samples, 0, samples.length) / Math.max(1, samples.length));
}

/** The longest stretch that stays quieter than `limit` dB, in ms; looked at in steps of 20 ms. */
export function longestGap({ samples, rate }: Sound, limit: number): number {
  const step = Math.round(rate / 50);
  let [run, longest] = [0, 0];
  for (let at = 0; at + step <= samples.length; at += step) {
    run = decibels(energy(samples, at, at + step) / step) < limit ? run + 20 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function energy(samples: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 1) sum += (samples[at] ?? 0) ** 2;
  return sum;
}

function decibels(power: number): number {
  return 10 * Math.log10(power + 1e-12);
}
