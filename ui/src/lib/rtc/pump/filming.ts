import { attachUnseen } from './unseen';

/**
 * Takes pictures off a track where no worker can: a picture element shows it to nobody. Of a hidden
 * window webviews hand out the last picture for ever, so nothing is filmed then.
 */
export class Filming {
  readonly #video = document.createElement('video');
  readonly #paused: (paused: boolean) => void;
  readonly #onVisibility = (): void => this.#paused(document.hidden);

  /** `paused` hears whenever filming pauses or goes on. */
  constructor(track: MediaStreamTrack, paused: (paused: boolean) => void) {
    this.#paused = paused;
    this.#video.muted = true;
    this.#video.playsInline = true;
    attachUnseen(this.#video);
    this.#video.srcObject = new MediaStream([track]);
    // Interrupted only by `close`.
    this.#video.play().catch(() => undefined);
    document.addEventListener('visibilitychange', this.#onVisibility);
    if (document.hidden) paused(true);
  }

  /** The picture of the moment; null while there is none, or an old one. */
  picture(): VideoFrame | null {
    if (document.hidden || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    return new VideoFrame(this.#video, { timestamp: Math.round(performance.now() * 1_000) });
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#video.srcObject = null;
    this.#video.remove();
  }
}
