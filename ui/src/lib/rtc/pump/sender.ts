import type { PictureSlot } from '../slots';
import { Correction } from './correction';
import { writeCaptured, type Order } from './format';
import { fit, Pace } from './pace';
import { picturesOf } from './webview';

/** What is encoded before the program says anything, in bit/s. */
const FIRST_BITRATE = 600_000;
/** Failures in a row after which an encoder is given up. */
const FAILURES = 3;

/** Where encoded pictures go. */
export interface Outlet {
  /** Bytes that wait on the way. */
  readonly backlog: number;
  /** Each picture of a track, whether it is encoded or not. It stays the sender's. */
  captured(frame: VideoFrame): void;
  /** False if nobody takes it. */
  send(message: ArrayBuffer): boolean;
  /** Nothing can be encoded here. */
  stuck(): void;
}

/** What is read at present; another one ends it. */
interface Source {
  track: MediaStreamTrack;
  reader: ReadableStreamDefaultReader<VideoFrame>;
}

/** The encoder of one slot: captured pictures in, messages out. Decides only what is skipped. */
export class Sender {
  readonly #slot: PictureSlot;
  readonly #outlet: Outlet;
  readonly #pace = new Pace();
  readonly #correction = new Correction();
  #limit: { width: number; height: number } | null = null;
  #encoder: VideoEncoder | null = null;
  #configured = '';
  #failures = 0;
  #source: Source | null = null;
  /** From the source's clock to one that all sources share, in µs. */
  #shiftUs: number | null = null;

  constructor(slot: PictureSlot, outlet: Outlet) {
    this.#slot = slot;
    this.#outlet = outlet;
    this.#correction.aim(FIRST_BITRATE);
  }

  get frameRate(): number {
    return this.#pace.frameRate;
  }

  /** Does as the program says, from the next picture on. */
  obey(order: Order): void {
    switch (order.type) {
      case 'bitrate':
        return this.#correction.aim(order.bitrate);
      case 'size':
        this.#limit = { width: order.width, height: order.height };
        return;
      case 'frame_rate':
        this.#pace.frameRate = order.frame_rate;
        return;
      case 'hold':
        // The first key frame of a new encoder is a third of one that comes after a pause.
        if (!order.on && this.#pace.hold && this.#pace.keyWanted) this.#close();
        this.#pace.hold = order.on;
        return;
      case 'key':
        return this.#pace.wantKey();
      case 'capture':
      case 'stop':
      case 'open':
      case 'close':
        return;
    }
  }

  /** Encodes a track, which is this sender's from here on. */
  take(track: MediaStreamTrack): void {
    this.rest();
    const reader = picturesOf(track)?.getReader();
    if (!reader) return track.stop();
    const source = { track, reader };
    this.#source = source;
    void this.#read(source);
  }

  /** Encodes nothing any more. */
  rest(): void {
    this.#source?.track.stop();
    this.#source?.reader.cancel().catch(() => undefined);
    this.#source = null;
    this.#shiftUs = null;
    this.#close();
  }

  /** Encodes a picture, which is this sender's from here on. */
  encode(frame: VideoFrame): void {
    const nowUs = (performance.timeOrigin + performance.now()) * 1_000;
    const shift = nowUs - frame.timestamp;
    // The least delay seen: what is above it is the webview's own jitter.
    this.#shiftUs = Math.min(this.#shiftUs ?? shift, shift);
    const waiting = this.#encoder?.encodeQueueSize ?? 0;
    const verdict = this.#pace.judge(frame.timestamp, waiting, this.#outlet.backlog);
    if (verdict !== 'skip') {
      try {
        this.#ready(frame).encode(frame, { keyFrame: verdict === 'key' });
      } catch {
        this.#onError();
      }
    }
    frame.close();
  }

  async #read(source: Source): Promise<void> {
    for (;;) {
      const { value, done } = await source.reader
        .read()
        .catch(() => ({ value: undefined, done: true }));
      if (done || !value) return;
      if (this.#source !== source) value.close();
      else {
        this.#outlet.captured(value);
        this.encode(value);
      }
    }
  }

  #ready(frame: VideoFrame): VideoEncoder {
    const size = fit(frame.displayWidth, frame.displayHeight, this.#limit);
    const { bitrate } = this.#correction;
    const wanted = [size.width, size.height, bitrate, this.#pace.frameRate].join();
    const encoder = (this.#encoder ??= new VideoEncoder({
      output: (chunk) => this.#onChunk(encoder, chunk),
      error: () => {
        if (this.#encoder === encoder) this.#onError();
      },
    }));
    if (wanted !== this.#configured) {
      this.#configured = wanted;
      encoder.configure({
        codec: 'vp8',
        ...size,
        bitrate,
        framerate: this.#pace.frameRate,
        latencyMode: 'realtime',
      });
    }
    return encoder;
  }

  #onChunk(encoder: VideoEncoder, chunk: EncodedVideoChunk): void {
    if (this.#encoder !== encoder || chunk.byteLength === 0) return;
    this.#failures = 0;
    const capturedUs = chunk.timestamp + (this.#shiftUs ?? 0);
    const sent = this.#outlet.send(writeCaptured(this.#slot, capturedUs, chunk));
    // What follows refers to it.
    if (!sent) this.#pace.wantKey();
    // A new bitrate is asked for with the next picture.
    this.#correction.onFrame(performance.now(), chunk.byteLength, chunk.type === 'key');
  }

  #onError(): void {
    this.#close();
    this.#failures += 1;
    if (this.#failures >= FAILURES) {
      this.#failures = 0;
      this.rest();
      this.#outlet.stuck();
    }
  }

  #close(): void {
    const encoder = this.#encoder;
    this.#encoder = null;
    this.#configured = '';
    this.#pace.wantKey();
    if (encoder && encoder.state !== 'closed') encoder.close();
  }
}
