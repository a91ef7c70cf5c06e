import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Painting } from './painting';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function scene(): { canvas: HTMLCanvasElement; painting: Painting; told: boolean[] } {
  const canvas = document.createElement('canvas');
  const told: boolean[] = [];
  return { canvas, told, painting: new Painting(canvas, (hung) => told.push(hung)) };
}

describe('a painting', () => {
  it('is told to hang, and to hang no more', () => {
    const { canvas, painting, told } = scene();
    const place = document.createElement('div');
    const off = painting.hang(place);
    expect(canvas.parentElement).toBe(place);
    expect(told).toEqual([true]);
    off();
    expect(canvas.parentElement).toBeNull();
    vi.runAllTimers();
    expect(told).toEqual([true, false]);
  });

  it.each([
    ['taken off first', true],
    ['hung first', false],
  ])('goes on when it moves, %s', (_, offFirst) => {
    const { canvas, painting, told } = scene();
    const [here, there] = [document.createElement('div'), document.createElement('div')];
    const off = painting.hang(here);
    if (offFirst) off();
    painting.hang(there);
    if (!offFirst) off();
    vi.runAllTimers();
    expect(canvas.parentElement).toBe(there);
    expect(told).not.toContain(false);
  });
});
