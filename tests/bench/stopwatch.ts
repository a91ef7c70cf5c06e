import { join } from 'node:path';

/** Moments of one call as a page saw them, in ms since 1970 with fractions. */
export interface Marks {
  /** The last click on a button, by the button's name. */
  clicks: Record<string, number>;
  /** The incoming dialog was painted. */
  ring: number | null;
  /** A participant's picture was presented for the first time. */
  frame: number | null;
  /** What was waited for with `watchFor` was painted. */
  seen: number | null;
}

export interface Stopwatch {
  marks: Marks;
  reset(): void;
  /** Marks `seen` when the page no longer, or newly, fulfils a condition. */
  watchFor(condition: () => boolean): void;
  /** Bytes of sound and pictures that came in on the connections of the page so far. */
  received(): Promise<number>;
  warm: MediaStream | null;
}

declare global {
  interface Window {
    stopwatch: Stopwatch;
  }
}

/** The script that keeps it; the same for Bellwire and for PeerJS. */
export const script = join(import.meta.dirname, 'stopwatch-page.js');
