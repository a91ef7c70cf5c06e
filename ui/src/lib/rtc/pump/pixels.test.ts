import { describe, expect, it } from 'vitest';
import { fill, matrixOf, type Planes } from './pixels';

const matrix = matrixOf({ matrix: null, fullRange: null });

/** The pixels of a canvas of this size, as red, green, blue and opacity. */
function filled(width: number, height: number, planes: Planes, step: number): number[][] | null {
  const data = new Uint8ClampedArray(width * height * 4);
  if (!fill({ width, height, data }, planes, step)) return null;
  return Array.from({ length: width * height }, (_, at) => [...data.slice(4 * at, 4 * at + 4)]);
}

/** A picture of one colour with rows that are longer than it is wide, and with bytes before it. */
function i420(width: number, height: number, [y, u, v]: [number, number, number]): Planes {
  const [stride, chroma] = [width + 5, (width >> 1) + 3];
  const layout = [
    { offset: 7, stride },
    { offset: 7 + stride * height, stride: chroma },
    { offset: 7 + stride * height + chroma * (height >> 1), stride: chroma },
  ];
  const bytes = new Uint8Array(7 + stride * height + chroma * height);
  for (const [plane, { offset, stride }] of layout.entries()) {
    const [w, h] = plane === 0 ? [width, height] : [width >> 1, height >> 1];
    for (let row = 0; row < h; row += 1) {
      const at = offset + row * stride;
      bytes.fill([y, u, v][plane] ?? 0, at, at + w);
    }
  }
  return { format: 'I420', bytes, layout, matrix };
}

describe('pixels', () => {
  it.each([
    ['black', [16, 128, 128], [0, 0, 0, 255]],
    ['white', [235, 128, 128], [255, 255, 255, 255]],
    ['red', [81, 90, 240], [254, 0, 0, 255]],
    ['green', [145, 54, 34], [0, 255, 0, 255]],
    ['blue', [41, 240, 110], [0, 0, 255, 255]],
  ] as const)('are %s where the picture is', (_, yuv, rgb) => {
    for (const step of [1, 2, 4]) {
      const pixels = filled(4, 2, i420(4 * step, 2 * step, [...yuv]), step);
      expect(pixels).toHaveLength(8);
      for (const pixel of pixels ?? []) {
        for (const [at, value] of pixel.entries()) {
          expect(Math.abs(value - (rgb[at] ?? 0)), `${step}: ${pixel.join()}`).toBeLessThanOrEqual(
            2,
          );
        }
      }
    }
  });

  it('are each where they belong, in I420 and in NV12', () => {
    const y = [0, 40, 80, 120, 160, 200, 240, 255];
    // Two by one blocks of colour.
    const planar = new Uint8Array([...y, 128, 255, 128, 0]);
    const pairs = new Uint8Array([...y, 128, 128, 255, 0]);
    const luma = { offset: 0, stride: 4 };
    const full = matrixOf({ matrix: 'smpte170m', fullRange: true });
    const layout = [luma, { offset: 8, stride: 2 }, { offset: 10, stride: 2 }];
    const one = filled(4, 2, { format: 'I420', bytes: planar, layout, matrix: full }, 1);
    const two = filled(
      4,
      2,
      { format: 'NV12', bytes: pairs, layout: [luma, { offset: 8, stride: 4 }], matrix: full },
      1,
    );
    expect(one).toEqual(two);
    expect(one?.[0]).toEqual([0, 0, 0, 255]);
    expect(one?.[1]).toEqual([40, 40, 40, 255]);
    expect(one?.[4]).toEqual([160, 160, 160, 255]);
    // Blue, and no red, at the right.
    expect(one?.[2]?.[0]).toBe(0);
    expect(one?.[2]?.[2]).toBe(255);
  });

  it('are all there where width and height are odd', () => {
    for (const [width, height] of [
      [5, 3],
      [1, 1],
      [2, 1],
    ] as const) {
      const white = i420(width + 1, height + 1, [235, 128, 128]);
      expect(filled(width, height, white, 1)).toEqual(
        Array.from({ length: width * height }, () => [255, 255, 255, 255]),
      );
    }
  });

  it('are the mean of those that they stand for', () => {
    const bytes = new Uint8Array([0, 100, 60, 60, 200, 100, 60, 60, 128, 128, 128, 128]);
    const layout = [
      { offset: 0, stride: 4 },
      { offset: 8, stride: 2 },
      { offset: 10, stride: 2 },
    ];
    const full = matrixOf({ matrix: null, fullRange: true });
    expect(filled(2, 1, { format: 'I420', bytes, layout, matrix: full }, 2)).toEqual([
      [100, 100, 100, 255],
      [60, 60, 60, 255],
    ]);
  });

  it.each([
    ['RGBA', [10, 20, 30, 0]],
    ['RGBX', [10, 20, 30, 9]],
    ['BGRA', [30, 20, 10, 0]],
    ['BGRX', [30, 20, 10, 9]],
  ] as const)('are opaque and in order from %s', (format, pixel) => {
    const bytes = new Uint8Array(Array.from({ length: 16 }, () => [...pixel]).flat());
    const layout = [{ offset: 0, stride: 16 }];
    const expected = [10, 20, 30, 255];
    expect(filled(4, 4, { format, bytes, layout, matrix }, 1)).toEqual(
      Array.from({ length: 16 }, () => expected),
    );
    expect(filled(1, 1, { format, bytes, layout, matrix }, 4)).toEqual([expected]);
  });

  it('round bright ones without touching their neighbours', () => {
    const bytes = new Uint8Array(16).fill(255);
    const layout = [{ offset: 0, stride: 8 }];
    expect(filled(1, 1, { format: 'RGBX', bytes, layout, matrix }, 2)).toEqual([
      [255, 255, 255, 255],
    ]);
  });

  it('are not made of what is not known', () => {
    const bytes = new Uint8Array(64);
    const layout = [{ offset: 0, stride: 8 }];
    expect(filled(2, 2, { format: null, bytes, layout, matrix }, 1)).toBeNull();
    expect(filled(2, 2, { format: 'I444', bytes, layout, matrix }, 1)).toBeNull();
    expect(filled(2, 2, { format: 'I420', bytes, layout, matrix }, 1)).toBeNull();
    const odd = [{ offset: 2, stride: 8 }];
    expect(filled(2, 2, { format: 'RGBA', bytes, layout: odd, matrix }, 1)).toBeNull();
  });

  it('take the meaning of colours from the picture', () => {
    expect(matrixOf({ matrix: 'bt709', fullRange: false }).redOfV).toBe(459);
    expect(matrixOf({ matrix: 'bt709', fullRange: true }).light[0]).toBe(0);
    expect(matrix.light[16]).toBe(0);
    expect(matrix.light[235]).toBe(255);
    expect(matrixOf({ matrix: 'smpte170m', fullRange: false })).toBe(matrix);
  });
});
