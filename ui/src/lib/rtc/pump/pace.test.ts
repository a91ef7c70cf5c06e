import { describe, expect, it } from 'vitest';
import { fit, Pace } from './pace';

const FRAME_US = 33_333;

function judged(pace: Pace, frames: number, jitterUs = 0): string[] {
  return Array.from({ length: frames }, (_, n) =>
    pace.judge(n * FRAME_US + (n % 2 === 0 ? jitterUs : -jitterUs), 0, 0),
  );
}

describe('the pace of an encoder', () => {
  it('begins with a key frame and makes another only when that is wanted', () => {
    const pace = new Pace();
    expect(judged(pace, 3)).toEqual(['key', 'delta', 'delta']);
    expect(pace.keyWanted).toBe(false);
    pace.wantKey();
    expect(pace.keyWanted).toBe(true);
    expect(pace.judge(3 * FRAME_US, 0, 0)).toBe('key');
    expect(pace.judge(4 * FRAME_US, 0, 0)).toBe('delta');
  });

  it('leaves out nothing at the camera’s own rate, however unsteady that is', () => {
    expect(judged(new Pace(), 90, 4_000)).not.toContain('skip');
  });

  it('encodes every other picture at half the rate', () => {
    const pace = new Pace();
    pace.frameRate = 15;
    const encoded = judged(pace, 60).filter((verdict) => verdict !== 'skip');
    expect(encoded.length).toBe(30);
  });

  it('encodes nothing while held, and keeps the key frame that was wanted', () => {
    const pace = new Pace();
    judged(pace, 2);
    pace.hold = true;
    pace.wantKey();
    expect(pace.judge(2 * FRAME_US, 0, 0)).toBe('skip');
    pace.hold = false;
    expect(pace.judge(3 * FRAME_US, 0, 0)).toBe('key');
  });

  it('skips before an encoder or a way that is full, never after', () => {
    const pace = new Pace();
    expect(pace.judge(0, 3, 0)).toBe('skip');
    expect(pace.judge(FRAME_US, 0, 300 << 10)).toBe('skip');
    expect(pace.judge(2 * FRAME_US, 0, 0)).toBe('key');
  });

  it('goes on with another source, whose clock is another', () => {
    const pace = new Pace();
    judged(pace, 90);
    expect(pace.judge(0, 0, 0)).toBe('delta');
    expect(pace.judge(FRAME_US, 0, 0)).toBe('delta');
  });
});

describe('the size of what is encoded', () => {
  it('keeps the picture’s own aspect, is even, and never larger than the picture', () => {
    expect(fit(1280, 720, null)).toEqual({ width: 1280, height: 720 });
    expect(fit(1280, 720, { width: 640, height: 360 })).toEqual({ width: 640, height: 360 });
    expect(fit(720, 1280, { width: 640, height: 360 })).toEqual({ width: 202, height: 360 });
    expect(fit(320, 240, { width: 1280, height: 720 })).toEqual({ width: 320, height: 240 });
    expect(fit(3, 3, { width: 1, height: 1 })).toEqual({ width: 2, height: 2 });
  });
});
