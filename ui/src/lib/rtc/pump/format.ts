import type { PeerId, SlotState } from '../../bindings';
import type { PictureSlot } from '../slots';

/** What the program tells the page. */
export type Order =
  | { type: 'capture'; slot: PictureSlot; device: string | null }
  | { type: 'stop'; slot: PictureSlot }
  | { type: 'bitrate'; slot: PictureSlot; bitrate: number }
  | { type: 'size'; slot: PictureSlot; width: number; height: number }
  | { type: 'frame_rate'; slot: PictureSlot; frame_rate: number }
  | { type: 'hold'; slot: PictureSlot; on: boolean }
  | { type: 'key'; slot: PictureSlot }
  | { type: 'open'; peer: PeerId }
  | { type: 'close'; peer: PeerId };

/** What the page tells the program. */
export type Answer =
  | { type: 'state'; slot: PictureSlot; state: SlotState }
  | { type: 'undecodable'; peer: PeerId; slot: PictureSlot };

/** An encoded frame of a peer. */
export interface Shown {
  peer: PeerId;
  slot: PictureSlot;
  key: boolean;
  /** µs; only differences mean anything. */
  capturedUs: number;
  data: Uint8Array;
}

/** What an encoder makes, of which only this is looked at. */
export interface Chunk {
  readonly type: 'key' | 'delta';
  readonly byteLength: number;
  copyTo(destination: Uint8Array): void;
}

/**
 * Bytes before a frame, little endian: kind, flags, slot, 0, peer (u32), captured (u64, µs). The
 * other end is crates/rtc/src/pictures/pump.rs, which says more.
 */
const HEADER_BYTES = 16;
const CAPTURED = 1;
const SHOWN = 2;
const KEY = 1;
const SLOTS: readonly (PictureSlot | null)[] = [null, 'camera', 'screen'];

/** The message for a frame that was captured and encoded here. */
export function writeCaptured(slot: PictureSlot, capturedUs: number, chunk: Chunk): ArrayBuffer {
  const message = new ArrayBuffer(HEADER_BYTES + chunk.byteLength);
  const header = new DataView(message);
  header.setUint8(0, CAPTURED);
  header.setUint8(1, chunk.type === 'key' ? KEY : 0);
  header.setUint8(2, SLOTS.indexOf(slot));
  header.setBigUint64(8, BigInt(Math.max(0, Math.round(capturedUs))), true);
  chunk.copyTo(new Uint8Array(message, HEADER_BYTES));
  return message;
}

/** Reads the message of a frame that a peer sent; null if it is none. */
export function readShown(message: ArrayBuffer): Shown | null {
  if (message.byteLength <= HEADER_BYTES) return null;
  const header = new DataView(message);
  const slot = SLOTS[header.getUint8(2)];
  if (header.getUint8(0) !== SHOWN || !slot) return null;
  return {
    peer: header.getUint32(4, true),
    slot,
    key: (header.getUint8(1) & KEY) !== 0,
    capturedUs: Number(header.getBigUint64(8, true)),
    data: new Uint8Array(message, HEADER_BYTES),
  };
}

/** Reads a text of the program, which is part of this app and says only what both know. */
export function readOrder(text: string): Order {
  return JSON.parse(text) as Order;
}
