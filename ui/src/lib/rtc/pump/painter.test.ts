import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Painter } from './painter';

/** What was done to the canvases of a test, in order. */
let done: string[] = [];
let open = 0;

class Pixels {
  readonly data: Uint8ClampedArray;
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }
}

/** A picture of one brightness; `copied` says when its bytes are there. */
function picture(
  name: string,
  { width = 8, height = 4, format = 'BGRX', copied = Promise.resolve() } = {},
): VideoFrame {
  open += 1;
  return {
    name,
    displayWidth: width,
    displayHeight: height,
    visibleRect: { width, height },
    format,
    colorSpace: { matrix: null, fullRange: null },
    allocationSize: () => 4 * width * height,
    copyTo: async () => {
      await copied;
      done.push(`copy ${name}`);
      return [{ offset: 0, stride: 4 * width }];
    },
    close: () => {
      open -= 1;
    },
  } as unknown as VideoFrame;
}

function canvas(name: string): OffscreenCanvas {
  const pen = {
    putImageData: ({ width, height }: Pixels) => done.push(`${name}: ${width}x${height}`),
    drawImage: (frame: { name: string }) => done.push(`${name}: drawn ${frame.name}`),
    fillRect: () => done.push(`${name}: wiped`),
  };
  return { width: 300, height: 150, getContext: () => pen } as unknown as OffscreenCanvas;
}

const settled = (): Promise<void> => new Promise((over) => setTimeout(over));

beforeEach(() => {
  done = [];
  open = 0;
  vi.stubGlobal('ImageData', Pixels);
});
afterEach(() => vi.unstubAllGlobals());

describe('a painter', () => {
  it('keeps the newest picture until there is somewhere to paint', async () => {
    const painter = new Painter(true);
    painter.paint(picture('one'));
    painter.paint(picture('two'));
    await settled();
    expect(done).toEqual([]);
    painter.onto(canvas('first'));
    painter.hang(true);
    await settled();
    expect(done).toEqual(['copy two', 'first: 8x4']);
    expect(open).toBe(0);
  });

  it('leaves out what comes faster than it can be painted, never the newest', async () => {
    const painter = new Painter(true);
    painter.onto(canvas('first'));
    painter.hang(true);
    let copied = (): void => undefined;
    painter.paint(picture('one', { copied: new Promise((over) => (copied = over)) }));
    painter.paint(picture('two'));
    painter.paint(picture('three'));
    await settled();
    expect(done).toEqual([]);
    copied();
    await settled();
    expect(done).toEqual(['copy one', 'first: 8x4', 'copy three', 'first: 8x4']);
    expect(open).toBe(0);
  });

  it('gives the canvas the size of the picture', async () => {
    const place = canvas('first');
    const painter = new Painter(true);
    painter.onto(place);
    painter.hang(true);
    painter.paint(picture('one'));
    await settled();
    expect([place.width, place.height]).toEqual([8, 4]);
    painter.paint(picture('two', { width: 16, height: 10 }));
    await settled();
    expect([place.width, place.height]).toEqual([16, 10]);
    expect(done).toEqual(['copy one', 'first: 8x4', 'copy two', 'first: 16x10']);
  });

  it('has its pixels ready when it may paint', async () => {
    let go = (): void => undefined;
    const painter = new Painter(true, { ready: () => new Promise((over) => (go = over)) });
    painter.onto(canvas('first'));
    painter.hang(true);
    painter.paint(picture('one'));
    await settled();
    expect(done).toEqual(['copy one']);
    painter.paint(picture('two'));
    painter.paint(picture('three'));
    go();
    await settled();
    expect(done).toEqual(['copy one', 'first: 8x4', 'copy three']);
    painter.close();
    go();
    await settled();
    expect(done).toHaveLength(3);
    expect(open).toBe(0);
  });

  it('paints nothing while nobody looks, and the newest as soon as somebody does', async () => {
    const painter = new Painter(false);
    painter.onto(canvas('first'));
    painter.hang(true);
    painter.paint(picture('one'));
    painter.paint(picture('two'));
    await settled();
    expect(done).toEqual([]);
    painter.see(true);
    await settled();
    expect(done).toEqual(['copy two', 'first: 8x4']);
    painter.see(false);
    painter.paint(picture('three'));
    await settled();
    expect(done).toHaveLength(2);
    painter.close();
    expect(open).toBe(0);
  });

  it('paints smaller what is seen small, and never larger', async () => {
    for (const [width, painted] of [
      [8, '8x4'],
      [16, '8x4'],
      [24, '12x6'],
      [32, '8x4'],
      [4, '4x2'],
    ] as const) {
      const painter = new Painter(true, { wide: 8 });
      painter.onto(canvas('own'));
      painter.hang(true);
      painter.paint(picture('one', { width, height: width / 2 }));
      await settled();
      expect(done.at(-1), `${width} wide`).toBe(`own: ${painted}`);
    }
  });

  it('paints nothing that hangs nowhere, and shows nothing old when it hangs again', async () => {
    const painter = new Painter(true);
    painter.onto(canvas('first'));
    painter.paint(picture('early'));
    await settled();
    expect(done).toEqual([]);
    expect(painter.works).toBe(false);
    painter.hang(true);
    expect(painter.works).toBe(true);
    await settled();
    expect(done).toEqual(['copy early', 'first: 8x4']);
    let copied = (): void => undefined;
    painter.paint(picture('late', { copied: new Promise((over) => (copied = over)) }));
    painter.paint(picture('later'));
    painter.hang(false);
    copied();
    await settled();
    expect(done.slice(2)).toEqual(['first: wiped', 'copy late']);
    painter.hang(true);
    await settled();
    expect(done).toHaveLength(4);
    expect(open).toBe(0);
    painter.paint(picture('new'));
    await settled();
    expect(done.slice(4)).toEqual(['copy new', 'first: 8x4']);
  });

  it('goes on after a picture that could not be painted', async () => {
    const broken = canvas('broken');
    const pen = broken.getContext('2d');
    if (pen) pen.putImageData = () => void expect.unreachable();
    const painter = new Painter(true);
    painter.onto(broken);
    painter.hang(true);
    painter.paint(picture('one'));
    await settled();
    painter.onto(canvas('whole'));
    painter.paint(picture('two'));
    await settled();
    expect(done).toEqual(['copy one', 'copy two', 'whole: 8x4']);
  });

  it('draws what it cannot read', async () => {
    const painter = new Painter(true);
    painter.onto(canvas('first'));
    painter.hang(true);
    painter.paint(picture('odd', { format: 'I444' }));
    await settled();
    painter.paint(picture('gone', { copied: Promise.reject(new Error('no bytes')) }));
    await settled();
    expect(done).toEqual(['copy odd', 'first: drawn odd', 'first: drawn gone']);
    expect(open).toBe(0);
  });

  it('paints nothing after its end', async () => {
    const painter = new Painter(true);
    painter.onto(canvas('first'));
    painter.hang(true);
    let copied = (): void => undefined;
    painter.paint(picture('one', { copied: new Promise((over) => (copied = over)) }));
    painter.paint(picture('two'));
    painter.close();
    painter.paint(picture('three'));
    copied();
    await settled();
    expect(done).toEqual(['copy one']);
    expect(open).toBe(0);
  });
});
