import { describe, expect, it } from 'vitest';
import golden from '../../../../../crates/rtc/golden/pump.json';
import type { PictureSlot } from '../slots';
import { readOrder, readShown, writeCaptured, type Answer } from './format';

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

describe('the format of what crosses to the program', () => {
  it('is written as the program reads it', () => {
    const captured = golden.frames.filter(({ way }) => way === 'captured');
    expect(captured.length).toBeGreaterThan(0);
    for (const { slot, key, captured_us, data, bytes } of captured) {
      const encoded = bytesOf(data);
      const message = writeCaptured(slot as PictureSlot, captured_us, {
        type: key ? 'key' : 'delta',
        byteLength: encoded.byteLength,
        copyTo: (destination) => destination.set(encoded),
      });
      expect(hexOf(message)).toBe(bytes);
    }
  });

  it('is read as the program writes it', () => {
    const shown = golden.frames.filter(({ way }) => way === 'shown');
    expect(shown.length).toBeGreaterThan(0);
    for (const { peer, slot, key, captured_us, data, bytes } of shown) {
      expect(readShown(bytesOf(bytes).buffer)).toEqual({
        peer,
        slot,
        key,
        capturedUs: captured_us,
        data: bytesOf(data),
      });
    }
  });

  it('leaves out what is no frame to be shown', () => {
    const [captured] = golden.frames;
    expect(readShown(new ArrayBuffer(16))).toBeNull();
    expect(readShown(bytesOf(captured?.bytes ?? '').buffer), 'the other way').toBeNull();
  });

  it('knows every order, and says only what is understood', () => {
    const orders = golden.to_page.map((order) => readOrder(JSON.stringify(order)).type);
    expect(new Set(orders)).toEqual(
      new Set(['capture', 'stop', 'bitrate', 'size', 'frame_rate', 'hold', 'key', 'open', 'close']),
    );
    const answers: Answer[] = [
      { type: 'state', slot: 'camera', state: { type: 'live', label: 'a camera' } },
      { type: 'state', slot: 'screen', state: { type: 'unavailable', problem: 'dismissed' } },
      { type: 'state', slot: 'camera', state: { type: 'off' } },
      { type: 'undecodable', peer: 7, slot: 'camera' },
    ];
    expect(answers).toEqual(golden.from_page);
  });
});
