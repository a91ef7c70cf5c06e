import type { Shown } from './format';

/** Pictures that may wait to be decoded: a second. What is older is not worth catching up with. */
const DECODING = 30;

/** The decoder of one slot of one peer: messages in, pictures out. */
export class Receiver {
  readonly #show: (frame: VideoFrame) => void;
  readonly #undecodable: () => void;
  #decoder: VideoDecoder | null = null;

  constructor(show: (frame: VideoFrame) => void, undecodable: () => void) {
    this.#show = show;
    this.#undecodable = undecodable;
  }

  /** Decodes a picture, if that can be done. */
  take({ key, capturedUs, data }: Shown): void {
    if (this.#decoder && this.#decoder.decodeQueueSize > DECODING) this.close();
    if (!this.#decoder && !key) return this.#undecodable();
    try {
      const decoder = this.#decoder ?? this.#begin();
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
    decoder.configure({ codec: 'vp8', optimizeForLatency: true });
    this.#decoder = decoder;
    return decoder;
  }

  /** The next key frame begins anew. */
  #fail(): void {
    this.close();
    this.#undecodable();
  }
}
