import { expect, it } from 'vitest';
import { sizeOf } from './vp8';

const KEY = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a];

it('a key frame says how large its pictures are, whatever it says of scaling', () => {
  expect(sizeOf(new Uint8Array([...KEY, 0x80, 0x02, 0xe0, 0x01]))).toEqual({
    width: 640,
    height: 480,
  });
  expect(sizeOf(new Uint8Array([...KEY, 0x80, 0x42, 0xe0, 0xc1]))).toEqual({
    width: 640,
    height: 480,
  });
  expect(sizeOf(new Uint8Array([...KEY, 0xff, 0x3f, 0xff, 0x3f, 7]))).toEqual({
    width: 16_383,
    height: 16_383,
  });
});

it('what is no key frame, or cut off, says nothing', () => {
  expect(sizeOf(new Uint8Array([]))).toBeNull();
  expect(sizeOf(new Uint8Array([...KEY, 0x80, 0x02, 0xe0]))).toBeNull();
  expect(sizeOf(new Uint8Array([0x11, ...KEY.slice(1), 0x80, 0x02, 0xe0, 0x01]))).toBeNull();
  expect(sizeOf(new Uint8Array([...KEY.slice(0, 5), 0x2b, 0x80, 0x02, 0xe0, 0x01]))).toBeNull();
});
