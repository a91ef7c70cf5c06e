import { describe, expect, it } from 'vitest';
import { kept, move, WHOLE, zoomAt, zoomKey } from './zoom';

const place = { width: 400, height: 200 };

describe('zooming into a picture', () => {
  it('keeps the point beneath the pointer where it is', () => {
    const point = { x: 100, y: -50 };
    const zoomed = zoomAt(WHOLE, 2, point, place);
    expect(zoomed).toEqual({ scale: 2, x: -100, y: 50 });
    const on = (zoom: typeof zoomed) => (point.x - zoom.x) / zoom.scale;
    expect(on(zoomed), 'the same place of the picture').toBe(on(WHOLE));
  });

  it('never shows what lies beyond the picture', () => {
    expect(move(WHOLE, { x: 50, y: 50 }, place)).toEqual(WHOLE);
    const zoomed = { scale: 2, x: 0, y: 0 };
    expect(move(zoomed, { x: 900, y: -900 }, place)).toEqual({ scale: 2, x: 200, y: -100 });
    expect(zoomAt({ scale: 2, x: 200, y: 100 }, 0.1, { x: 0, y: 0 }, place)).toEqual(WHOLE);
  });

  it('ends where there is nothing more to see', () => {
    expect(zoomAt(WHOLE, 100, { x: 0, y: 0 }, place).scale).toBe(8);
  });

  it('fits a place that became smaller', () => {
    expect(kept({ scale: 2, x: 200, y: 0 }, { width: 100, height: 200 }).x).toBe(50);
  });

  it('has keys to enlarge, to move and to see the whole', () => {
    const zoomed = zoomKey(WHOLE, '+', place);
    expect(zoomed?.scale).toBe(1.25);
    expect(zoomKey({ scale: 2, x: 0, y: 0 }, 'ArrowRight', place)).toMatchObject({ x: -40 });
    expect(zoomKey({ scale: 2, x: 9, y: 9 }, '0', place)).toEqual(WHOLE);
    expect(zoomKey(WHOLE, 'm', place)).toBeNull();
  });
});
