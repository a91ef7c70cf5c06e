/**
 * How long something waits for something else to be painted, in ms: longer than from frame to frame at
 * 30 frames a second.
 */
const ALONE_AFTER_MS = 40;
/** How long ago something was painted where more is to come soon, in ms. */
const LATELY_MS = 100;

/**
 * What is painted in one window. A webview composes its window anew whenever something was painted:
 * two pictures that are painted together cost little more than one, so that what can wait a little is
 * painted with what cannot.
 */
export class Company {
  readonly #waiting: (() => void)[] = [];
  #alone: ReturnType<typeof setTimeout> | undefined;
  #lately = -Infinity;

  /** Something is painted now, which does not wait. */
  come(): void {
    this.#lately = performance.now();
    this.#go();
  }

  /** Resolves when something else is painted, and soon if nothing is. */
  async wait(): Promise<void> {
    if (performance.now() - this.#lately > LATELY_MS) return;
    this.#alone ??= setTimeout(() => this.#go(), ALONE_AFTER_MS);
    await new Promise<void>((go) => this.#waiting.push(go));
  }

  #go(): void {
    clearTimeout(this.#alone);
    this.#alone = undefined;
    for (const go of this.#waiting.splice(0)) go();
  }
}
