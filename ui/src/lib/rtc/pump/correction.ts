/** How long output is counted before it is judged, in ms. */
const WINDOW_MS = 500;
/** Frames that a judgement needs. */
const FRAMES = 6;
/** Output beyond so many times the target is an encoder's error; less is for the program to mend. */
const WILD = 2;
/** Output below this share of the target asks for less correction. */
const TAME = 0.5;
/** An encoder that takes its pictures for one a second is wrong by as many as there are. */
const LEAST = 1 / 60;

/**
 * Keeps an encoder near its bitrate. WebKit's takes pictures whose source says no frame rate for one
 * a second, and makes thirty times too much of them. What a source says cannot be seen, so the
 * output is measured, always.
 */
export class Correction {
  #target = 0;
  #factor = 1;
  #since: number | null = null;
  #bytes = 0;
  #frames = 0;

  /** What to ask of the encoder, in bit/s. */
  get bitrate(): number {
    // WebKit takes no bitrate of 1000 or less.
    return Math.max(2_000, Math.round(this.#target * this.#factor));
  }

  /** What shall come out of it, in bit/s. */
  aim(target: number): void {
    this.#target = target;
    this.#since = null;
  }

  /** The encoder made a frame. True if it is to be asked for another bitrate. */
  onFrame(nowMs: number, bytes: number, key: boolean): boolean {
    if (this.#since === null) {
      this.#begin(nowMs);
      return false;
    }
    // A key frame says nothing about the steady state.
    if (!key) {
      this.#bytes += bytes;
      this.#frames += 1;
    }
    const passed = nowMs - this.#since;
    if (passed < WINDOW_MS) return false;
    const judged = this.#frames >= FRAMES;
    const share = (this.#bytes * 8_000) / passed / this.#target;
    this.#begin(nowMs);
    return judged && this.#judge(share);
  }

  #judge(share: number): boolean {
    const before = this.#factor;
    if (share > WILD) this.#factor = Math.max(LEAST, this.#factor / share);
    else if (share < TAME) this.#factor = Math.min(1, this.#factor * 1.5);
    return this.#factor !== before;
  }

  #begin(nowMs: number): void {
    this.#since = nowMs;
    this.#bytes = 0;
    this.#frames = 0;
  }
}
