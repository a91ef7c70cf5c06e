import type { Shown } from './format';
import { sizeOf } from './vp8';

/** Pictures that may wait to be decoded: a second. What is older is not worth catching up with. */
const DECODING = 30;
/** Pixels of the largest picture that is decoded: a screen of 5120x2880. More costs a gigabyte. */
const LARGEST = 5_120 * 2_880;

/** The decoder of one slot of one peer: messages in, pictures out. */
export class Receiver {
  readonly #show: (frame: VideoFrame) => void;
  readonly #undecodable: () => void;
  #decoder: VideoDecoder | null = null;
  /** What the decoder is configured for. */
  #size = '';

  constructor(show: (frame: VideoFrame) => void, undecodable: () => void) {
    this.#show = show;
    this.#undecodable = undecodable;
  }

  /** Decodes a picture, if that can be done. */
  take({ key, capturedUs, data }: Shown): void {
    if (this.#decoder && this.#decoder.decodeQueueSize > DECODING) this.close();
    if (!this.#decoder && !key) return this.#undecodable();
    const size = key ? sizeOf(data) : null;
    if (key && (!size || size.width * size.height > LARGEST)) return this.#fail();
    try {
      const decoder = this.#decoder ?? this.#begin();
      if (size) this.#configure(decoder, size);
      decoder.decode(
        new EncodedVideoChunk({ type: key ? 'key' : 'delta', timestamp: capturedUs, data }),
      );
    } catch {
      this.#fail();
    }
  }

  close(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    if (decoder && decoder.state !== 'closed') decoder.close();
  }

  #begin(): VideoDecoder {
    const decoder = new VideoDecoder({
      output: (frame) => {
        if (this.#decoder === decoder) this.#show(frame);
        else frame.close();
      },
      error: () => {
        if (this.#decoder === decoder) this.#fail();
      },
    });
    this.#decoder = decoder;
    this.#size = '';
    return decoder;
  }

  /**
   * WebKit says of every picture that it is as large as the first one of a configuration, so that each
   * size needs its own. What it has not shown yet of the one before is left out.
   */
  #configure(decoder: VideoDecoder, { width, height }: { width: number; height: number }): void {
    const size = `${width}x${height}`;
    if (this.#size === size) return;
    this.#size = size;
    decoder.configure({
      codec: 'vp8',
      codedWidth: width,
      codedHeight: height,
      optimizeForLatency: true,
    });
  }

  /** The next key frame begins anew. */
  #fail(): void {
    this.close();
    this.#undecodable();
  }
}
