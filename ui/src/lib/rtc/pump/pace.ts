/** Pictures that may wait inside the encoder. More makes every picture later. */
const ENCODING = 2;
/** Bytes that may wait on the way to the program. */
const BACKLOG_BYTES = 256 << 10;
/** Pictures may come early by this share of their distance: cameras are not exact. */
const EARLY = 0.25;

/** What to do with a captured picture. */
export type Verdict = 'skip' | 'delta' | 'key';

/**
 * Which captured pictures are encoded. Skipping one here costs nothing; leaving one out after it was
 * encoded would make all that follow undecodable.
 */
export class Pace {
  hold = false;
  #intervalUs = 1_000_000 / 30;
  #dueUs: number | null = null;
  #key = true;

  set frameRate(rate: number) {
    this.#intervalUs = 1_000_000 / Math.max(1, rate);
  }

  get frameRate(): number {
    return Math.round(1_000_000 / this.#intervalUs);
  }

  /** The next encoded picture is a key frame. */
  get keyWanted(): boolean {
    return this.#key;
  }

  /** The next encoded picture has to be a key frame. */
  wantKey(): void {
    this.#key = true;
  }

  /** Judges a picture captured at `timeUs`; `encoding` pictures and `backlog` bytes wait already. */
  judge(timeUs: number, encoding: number, backlog: number): Verdict {
    if (this.hold || encoding > ENCODING || backlog > BACKLOG_BYTES) return 'skip';
    const interval = this.#intervalUs;
    // Another source has another clock.
    if (this.#dueUs === null || Math.abs(timeUs - this.#dueUs) > 2_000_000) this.#dueUs = timeUs;
    if (timeUs + interval * EARLY < this.#dueUs) return 'skip';
    this.#dueUs = Math.max(this.#dueUs, timeUs - interval) + interval;
    const verdict = this.#key ? 'key' : 'delta';
    this.#key = false;
    return verdict;
  }
}

/** The largest even size of a picture's own aspect that fits into `limit`, never above the picture. */
export function fit(
  width: number,
  height: number,
  limit: { width: number; height: number } | null,
): { width: number; height: number } {
  const scale = limit ? Math.min(1, limit.width / width, limit.height / height) : 1;
  const even = (n: number): number => Math.max(2, 2 * Math.round((n * scale) / 2));
  return { width: even(width), height: even(height) };
}
