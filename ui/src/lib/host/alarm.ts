import workerAddress from './alarm.worker.ts?worker&url';
import { ownScript } from './trusted';

/** Longest delay that `setTimeout` takes, in ms; longer ones would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * One timer. Browsers slow the timers of hidden windows down to one a second or a minute; those of
 * a worker go on, and heartbeats of a call depend on them.
 */
export class Alarm {
  readonly #ring: () => void;
  #worker: Worker | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due: number | null = null;
  readonly #onVisibility = (): void => this.#arm();

  constructor(ring: () => void) {
    this.#ring = ring;
    document.addEventListener('visibilitychange', this.#onVisibility);
  }

  /** Rings in so many ms, in place of what was set before. */
  set(inMs: number): void {
    this.#due = performance.now() + inMs;
    this.#arm();
  }

  /** Never rings again. */
  close(): void {
    this.#due = null;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#worker?.terminate();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#due === null) return;
    const inMs = Math.min(LONGEST_MS, Math.max(0, this.#due - performance.now()));
    this.#timer = setTimeout(() => this.#fire(), inMs);
    if (document.hidden) this.#background()?.postMessage(inMs);
  }

  #fire(): void {
    // Both timers may be set, and early by a fraction of a ms.
    if (this.#due === null) return;
    if (this.#due - performance.now() > 1) return this.#arm();
    this.#due = null;
    clearTimeout(this.#timer);
    this.#ring();
  }

  #background(): Worker | null {
    if (this.#worker === null && typeof Worker !== 'undefined') {
      this.#worker = new Worker(ownScript(workerAddress), { type: 'module' });
      this.#worker.onmessage = () => this.#fire();
    }
    return this.#worker;
  }
}
