/**
 * Makes a track of pictures where no worker can: they are painted, and the canvas is filmed. It is
 * part of the page, where nobody sees it: WebKit films no canvas that is not.
 */
export class Painting {
  readonly #canvas = document.createElement('canvas');
  readonly #context = this.#canvas.getContext('2d', { alpha: false });
  #track: MediaStreamTrack | null = null;

  constructor() {
    const { style } = this.#canvas;
    style.position = 'fixed';
    style.insetInlineStart = '0';
    style.insetBlockEnd = '0';
    style.inlineSize = '1px';
    style.blockSize = '1px';
    style.opacity = '0';
    style.pointerEvents = 'none';
    this.#canvas.ariaHidden = 'true';
    document.body.append(this.#canvas);
  }

  /** Null before the first picture. */
  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  /** Paints a picture; true if that made the track. */
  paint(frame: VideoFrame): boolean {
    const { displayWidth, displayHeight } = frame;
    if (this.#canvas.width !== displayWidth) this.#canvas.width = displayWidth;
    if (this.#canvas.height !== displayHeight) this.#canvas.height = displayHeight;
    this.#context?.drawImage(frame, 0, 0);
    frame.close();
    if (this.#track) return false;
    this.#track = this.#canvas.captureStream().getVideoTracks()[0] ?? null;
    return this.#track !== null;
  }

  close(): void {
    this.#canvas.remove();
  }
}
