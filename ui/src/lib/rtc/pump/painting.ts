import { attachUnseen } from './unseen';

/** Makes a track of pictures where no worker can: they are painted, and the canvas is filmed. */
export class Painting {
  readonly #canvas = document.createElement('canvas');
  readonly #context = this.#canvas.getContext('2d', { alpha: false });
  #track: MediaStreamTrack | null = null;

  constructor() {
    attachUnseen(this.#canvas);
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
