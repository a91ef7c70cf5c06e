import { describe, expect, it } from 'vitest';
import { Correction } from './correction';

/** Runs an encoder that makes `error` times what is asked of it; returns what it makes at last. */
function run(correction: Correction, seconds: number, error: (asked: number) => number): number {
  let made = 0;
  for (let frame = 0; frame < seconds * 30; frame++) {
    made = error(correction.bitrate);
    correction.onFrame((frame * 1_000) / 30, made / 8 / 30, false);
  }
  return made;
}

describe('the correction of an encoder', () => {
  it('asks an honest encoder for what is wanted', () => {
    const correction = new Correction();
    correction.aim(600_000);
    run(correction, 10, (asked) => asked * 0.9);
    expect(correction.bitrate).toBe(600_000);
  });

  it('brings down an encoder that makes thirty times too much within two seconds', () => {
    const correction = new Correction();
    correction.aim(600_000);
    const made = run(correction, 2, (asked) => asked * 30);
    expect(made).toBeGreaterThan(300_000);
    expect(made).toBeLessThan(1_200_000);
  });

  it('takes back what is not needed any more', () => {
    const correction = new Correction();
    correction.aim(600_000);
    run(correction, 2, (asked) => asked * 30);
    run(correction, 10, (asked) => asked);
    expect(correction.bitrate).toBeGreaterThan(300_000);
  });

  it('asks for no more because a picture stands still', () => {
    const correction = new Correction();
    correction.aim(600_000);
    run(correction, 10, () => 10_000);
    expect(correction.bitrate).toBe(600_000);
  });

  it('is not misled by key frames', () => {
    const correction = new Correction();
    correction.aim(100_000);
    for (let frame = 0; frame < 60; frame++) {
      const key = frame % 10 === 0;
      correction.onFrame((frame * 1_000) / 30, key ? 100_000 : 100_000 / 8 / 30, key);
    }
    expect(correction.bitrate).toBe(100_000);
  });
});
