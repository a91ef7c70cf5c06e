import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './command.ts';

let reads = 0;

/** Samples of one channel, full scale is 1. */
export interface Sound {
  readonly samples: Float32Array;
  readonly rate: number;
}

/** A file as sound of this rate; `file` with what sox needs to know of it. */
export async function read(file: string[], rate: number, scratch: string): Promise<Sound> {
  const raw = join(scratch, `read-${(reads += 1)}.raw`);
  const shape = ['-r', `${rate}`, '-c', '1', '-e', 'signed', '-b', '16'];
  await run('sox', [...file, ...shape, raw]);
  const bytes = readFileSync(raw);
  const samples = new Float32Array(bytes.length >> 1);
  for (let at = 0; at < samples.length; at += 1) samples[at] = bytes.readInt16LE(at * 2) / 32_768;
  return { samples, rate };
}

interface Match {
  /** Normalised cross-correlation where it fits best: 1 is the same, 0 is something else. */
  readonly likeness: number;
  /** Where in the longer sound that is, in samples. */
  readonly at: number;
}

/** Where a piece of sound is in a longer one, and how well it fits. */
function find(piece: Sound, whole: Sound): Match {
  const [short, long] = [piece.samples, whole.samples];
  if (long.length < short.length) throw new Error('less was recorded than was said');
  const norm = Math.sqrt(energy(short, 0, short.length));
  let inside = energy(long, 0, short.length);
  let best: Match = { likeness: 0, at: 0 };
  for (let at = 0; at + short.length <= long.length; at += 1) {
    if (inside > 1e-6) {
      let product = 0;
      for (let index = 0; index < short.length; index += 1) {
        product += (short[index] as number) * (long[at + index] as number);
      }
      const likeness = Math.abs(product) / (norm * Math.sqrt(inside));
      if (likeness > best.likeness) best = { likeness, at };
    }
    inside += (long[at + short.length] ?? 0) ** 2 - (long[at] ?? 0) ** 2;
  }
  return best;
}

/** How well speech came through. */
export interface Carriage {
  /** Median of the pieces' likeness. */
  readonly likeness: number;
  /** Share of the pieces that came in their place, 0 to 1. */
  readonly inPlace: number;
}

/** In seconds. Longer pieces suffer from what the receiver does to time; shorter ones fit anywhere. */
const PIECE = 0.4;
/** From the beginning of a piece to that of the next, in seconds. */
const STEP = 0.7;
/** How far a piece may be from where the others say it should be, in seconds. */
const ASTRAY = 0.5;
/** Quieter pieces are pauses, in dB below full scale. */
const PAUSE_DB = -35;

/** Compares what was said with what was heard, piece by piece. */
export function compare(said: Sound, heard: Sound): Carriage {
  const { rate } = said;
  const matches: { likeness: number; delay: number }[] = [];
  for (let at = 0; (at + PIECE) * rate < said.samples.length; at += STEP) {
    const piece = part(said, at, at + PIECE);
    if (level(piece) < PAUSE_DB) continue;
    const match = find(piece, heard);
    matches.push({ likeness: match.likeness, delay: match.at / rate - at });
  }
  const delay = median(matches.map((match) => match.delay));
  return {
    likeness: median(matches.map(({ likeness }) => likeness)),
    inPlace: matches.filter((match) => Math.abs(match.delay - delay) < ASTRAY).length / matches.length,
  };
}

/** The same backwards: as loud, and nothing of it alike. */
export function reversed({ samples, rate }: Sound): Sound {
  return { samples: samples.slice().reverse(), rate };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Part of a sound, in seconds. */
function part({ samples, rate }: Sound, from: number, to: number): Sound {
  return { samples: samples.slice(Math.round(from * rate), Math.round(to * rate)), rate };
}

/** How loud a sound is most of the time, by half seconds, in dB below full scale. */
export function usualLevel({ samples, rate }: Sound): number {
  const step = rate / 2;
  const levels: number[] = [];
  for (let at = 0; at + step <= samples.length; at += step) {
    levels.push(decibels(energy(samples, at, at + step) / step));
  }
  return median(levels);
}

function level({ samples }: Sound): number {
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
