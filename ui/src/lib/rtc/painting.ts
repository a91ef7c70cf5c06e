/** A canvas that somebody paints on for as long as it hangs somewhere. */
export class Painting {
  readonly #canvas: HTMLCanvasElement;
  readonly #onHung: (hung: boolean) => void;
  #places = 0;

  /** Calls `onHung` when the canvas is hung up, and when it was taken off and hangs nowhere else. */
  constructor(canvas: HTMLCanvasElement, onHung: (hung: boolean) => void) {
    this.#canvas = canvas;
    this.#onHung = onHung;
  }

  /** Hangs it up; the result takes it off. */
  hang(place: HTMLElement): () => void {
    place.append(this.#canvas);
    this.#places += 1;
    this.#onHung(true);
    return () => {
      if (this.#canvas.parentElement === place) this.#canvas.remove();
      this.#places -= 1;
      // A picture that moves is taken off here before it hangs there.
      setTimeout(() => {
        if (this.#places === 0) this.#onHung(false);
      });
    };
  }
}
