import type { Shown } from './format';

/** Pictures that may wait to be decoded: a second. What is older is not worth catching up with. */
const DECODING = 30;

/** The decoder of one slot of one peer: messages in, pictures out. */
export class Receiver {
  readonly #show: (frame: VideoFrame) => void;
  readonly #undecodable: () => void;
  #decoder: VideoDecoder | null = null;
  #size = '';

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
      if (key) this.#configure(decoder, data);
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

  /** WebKit says of every picture that it is as large as the first one of a configuration. */
  #configure(decoder: VideoDecoder, key: Uint8Array): void {
    const size = sizeOf(key);
    if (this.#size === `${size?.width}x${size?.height}`) return;
    this.#size = `${size?.width}x${size?.height}`;
    const coded = size && { codedWidth: size.width, codedHeight: size.height };
    decoder.configure({ codec: 'vp8', optimizeForLatency: true, ...coded });
  }

  /** The next key frame begins anew. */
  #fail(): void {
    this.close();
    this.#undecodable();
  }
}

/** How large a key frame of VP8 says that its pictures are (RFC 6386, 9.1); null if it is none. */
function sizeOf(key: Uint8Array): { width: number; height: number } | null {
  const [, , , a, b, c, w0 = 0, w1 = 0, h0 = 0, h1 = 0] = key;
  if (a !== 0x9d || b !== 0x01 || c !== 0x2a) return null;
  // The two highest bits say how to scale.
  return { width: w0 | ((w1 & 0x3f) << 8), height: h0 | ((h1 & 0x3f) << 8) };
}
