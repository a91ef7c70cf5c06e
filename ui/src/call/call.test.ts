import { describe, expect, it } from 'vitest';
import type { Figures } from '../lib/rtc/peers';
import { cornerAfter, cornerAt } from './corners';
import { layOut } from './grid';
import { callKey } from './keys';
import { judge } from './quality';

describe('tiles on a stage', () => {
  it('give a lone participant everything', () => {
    expect(layOut(1, 1280, 720, 8)).toMatchObject({ width: 1280, height: 720 });
  });

  it('never leave the stage, keep their shape and have room for all, up to 16', () => {
    for (const [width, height] of [
      [1280, 720],
      [390, 700],
      [2000, 500],
    ] as const) {
      for (let count = 2; count <= 16; count += 1) {
        const grid = layOut(count, width, height, 8);
        expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
        expect(grid.columns * (grid.width + 8) - 8).toBeLessThanOrEqual(width + 0.01);
        expect(grid.rows * (grid.height + 8) - 8).toBeLessThanOrEqual(height + 0.01);
        expect(grid.width / grid.height).toBeGreaterThan(3 / 4 - 0.01);
        expect(grid.width / grid.height).toBeLessThan(16 / 9 + 0.01);
      }
    }
  });

  it('stand above each other on a phone and side by side on a desk', () => {
    expect(layOut(2, 390, 700, 8)).toMatchObject({ columns: 1, rows: 2 });
    expect(layOut(2, 1600, 700, 8)).toMatchObject({ columns: 2, rows: 1 });
  });
});

describe('the own picture', () => {
  const stage = new DOMRect(100, 0, 800, 600);
  it('goes to the nearest corner', () => {
    expect(cornerAt(200, 50, stage)).toBe('top-left');
    expect(cornerAt(800, 50, stage)).toBe('top-right');
    expect(cornerAt(499, 599, stage)).toBe('bottom-left');
    expect(cornerAt(501, 599, stage)).toBe('bottom-right');
  });
  it('follows the arrow keys and no others', () => {
    expect(cornerAfter('bottom-right', 'ArrowLeft')).toBe('bottom-left');
    expect(cornerAfter('bottom-left', 'ArrowUp')).toBe('top-left');
    expect(cornerAfter('top-left', 'ArrowRight')).toBe('top-right');
    expect(cornerAfter('top-right', 'ArrowDown')).toBe('bottom-right');
    expect(cornerAfter('top-right', 'a')).toBeNull();
  });
});

describe('quality', () => {
  const good: Figures = {
    at: 0,
    bitrateUp: 1e6,
    bitrateDown: 1e6,
    lossUp: 0,
    lossDown: 0,
    roundTrip: 40,
    jitter: 5,
    framesPerSecond: 30,
    frameWidth: 1280,
    frameHeight: 720,
    path: 'direct',
  };
  it('has four bars and no cause while nothing is wrong', () => {
    expect(judge(good)).toEqual({ bars: 4, cause: null });
    expect(judge({ ...good, roundTrip: null })).toEqual({ bars: 4, cause: null });
  });
  it('names the worst cause', () => {
    expect(judge({ ...good, lossDown: 0.03 })).toEqual({ bars: 3, cause: 'loss' });
    expect(judge({ ...good, lossUp: 0.5 })).toEqual({ bars: 1, cause: 'loss' });
    expect(judge({ ...good, roundTrip: 600 })).toEqual({ bars: 2, cause: 'delay' });
    expect(judge({ ...good, jitter: 70, lossDown: 0.03 })).toEqual({ bars: 2, cause: 'jitter' });
  });
});

describe('keys', () => {
  const pressed = (
    key: string,
    on: Element = document.body,
    init: KeyboardEventInit = {},
    single = true,
  ) => {
    let meaning: ReturnType<typeof callKey> = null;
    if (!on.isConnected) document.body.append(on);
    const listen = (event: KeyboardEvent) => (meaning = callKey(event, single));
    addEventListener('keydown', listen);
    on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...init }));
    removeEventListener('keydown', listen);
    return meaning;
  };
  const make = (tag: string) => document.createElement(tag);

  it('mean what the help says', () => {
    const keys = ['m', 'v', 's', 'c', 'q', 'd', '?', ' '];
    expect(keys.map((key) => pressed(key))).toEqual([
      'mute',
      'camera',
      'screen',
      'chat',
      'quality',
      'devices',
      'help',
      'talk',
    ]);
    expect(pressed('M')).toBe('mute');
    expect(pressed('H', document.body, { ctrlKey: true, shiftKey: true, code: 'KeyH' })).toBe(
      'hang-up',
    );
  });
  it('mean nothing while the person types', () => {
    for (const tag of ['input', 'textarea', 'select']) expect(pressed('m', make(tag))).toBeNull();
    const chord = { ctrlKey: true, shiftKey: true, code: 'KeyH' };
    expect(pressed('H', make('textarea'), chord)).toBeNull();
  });
  it('mean nothing beside the call: in a panel, in a dialog', () => {
    const panel = make('aside');
    const button = panel.appendChild(make('button'));
    expect(pressed('v', panel)).toBeNull();
    document.body.append(panel);
    expect(pressed('v', button)).toBeNull();
    const chord = { ctrlKey: true, shiftKey: true, code: 'KeyH' };
    expect(pressed('H', panel, chord)).toBe('hang-up');
  });
  it('can be switched off, all but the chord', () => {
    for (const key of ['m', 'v', '?', ' ']) {
      expect(pressed(key, document.body, {}, false)).toBeNull();
    }
    const chord = { ctrlKey: true, shiftKey: true, code: 'KeyH' };
    expect(pressed('H', document.body, chord, false)).toBe('hang-up');
  });
  it('lie at the same place on keyboards of other alphabets', () => {
    expect(pressed('ь', document.body, { code: 'KeyM' })).toBe('mute');
    expect(pressed('ω', document.body, { code: 'KeyV' })).toBe('camera');
    // On a French keyboard the letter counts, not the place.
    expect(pressed('q', document.body, { code: 'KeyA' })).toBe('quality');
    expect(pressed('1', document.body, { code: 'KeyM' })).toBeNull();
  });
  it('leave the browser its own shortcuts', () => {
    expect(pressed('c', document.body, { ctrlKey: true })).toBeNull();
    expect(pressed('s', document.body, { metaKey: true })).toBeNull();
  });
  it('leave Space to a focused button', () => {
    expect(pressed(' ', make('button'))).toBeNull();
    expect(pressed('m', make('button'))).toBe('mute');
  });
});
