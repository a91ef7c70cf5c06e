/**
 * How much the limit may be above what is wanted, in bit/s: Chromium takes up to 34 kbit/s from it.
 */
const MOST_ABOVE = 40_000;

/** A difference from what is wanted that nobody hears, in bit/s. */
const ENOUGH = 1_500;

/**
 * The limit to set for a voice of so many bit/s of Opus. Chromium takes from a limit that changes what the
 * copies (RED) and the headers need, or something near it: measured, 11, 18 and 34 kbit/s, and always the
 * same in one connection. So what came out is compared, and the limit corrected. It begins low.
 */
export class VoiceLimit {
  #wanted: number;
  #limit: number;

  constructor(wanted: number) {
    this.#wanted = wanted;
    this.#limit = wanted;
  }

  get limit(): number {
    return this.#limit;
  }

  /** So much is wanted from here on. */
  want(wanted: number): void {
    this.#limit += wanted - this.#wanted;
    this.#wanted = wanted;
  }

  /** This is what Opus takes. True if the limit changed. */
  observe(target: number): boolean {
    const missing = this.#wanted - target;
    if (Math.abs(missing) <= ENOUGH) return false;
    const before = this.#limit;
    const most = this.#wanted + MOST_ABOVE;
    this.#limit = Math.min(Math.max(before + missing, this.#wanted), most);
    return this.#limit !== before;
  }
}
