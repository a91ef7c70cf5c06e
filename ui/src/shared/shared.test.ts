import { describe, expect, it } from 'vitest';
import { hue, initials } from './avatar';
import { loudness } from './level';
import { parsePlace, pathOf, type Place } from './router.svelte';
import { clock, dayName, shortWhen } from './time';

describe('initials', () => {
  it('are of the first and last word', () => {
    expect(initials('Ada Lovelace')).toBe('AL');
    expect(initials('grace brewster murray hopper')).toBe('GH');
    expect(initials('ada')).toBe('A');
    expect(initials('  ')).toBe('');
    expect(initials('(Émile) Zola')).toBe('ÉZ');
  });
});

describe('the hue of a person', () => {
  it('is stable and differs between ids that differ little', () => {
    expect(hue('u-1')).toBe(hue('u-1'));
    const hues = new Set(Array.from({ length: 40 }, (_, index) => hue(`u-${index}`)));
    expect(hues.size).toBeGreaterThan(8);
  });
});

describe('a clock', () => {
  it('shows hours only where there are some', () => {
    expect([0, 7, 723, 3723, -5, 59.9].map(clock)).toEqual([
      '0:00',
      '0:07',
      '12:03',
      '1:02:03',
      '0:00',
      '0:59',
    ]);
  });
});

describe('days', () => {
  const now = new Date(2026, 10, 20, 9).getTime();
  const ago = (days: number) => new Date(2026, 10, 20 - days, 12).getTime();
  it('are called as people call them', () => {
    expect(dayName(ago(0), now, 'en')).toBe('Today');
    expect(dayName(ago(1), now, 'en')).toBe('Yesterday');
    expect(dayName(ago(1), now, 'de')).toBe('Gestern');
    expect(dayName(ago(3), now, 'en')).toBe('Tuesday');
    expect(dayName(ago(40), now, 'en')).toBe('October 11');
    expect(dayName(ago(400), now, 'en')).toMatch(/2025/);
  });
  it('are today for a clock that runs ahead', () => {
    expect(dayName(ago(-1), now, 'en')).toBe('Today');
  });
  it('are short in a list', () => {
    expect(shortWhen(ago(2), now, 'en')).toBe('Wed');
    expect(shortWhen(ago(40), now, 'en')).toBe('10/11');
  });
});

describe('an address', () => {
  const places: [string, Place][] = [
    ['/', { page: 'home' }],
    ['/c/a%2Fb', { page: 'conversation', id: 'a/b' }],
    ['/calls', { page: 'calls' }],
    ['/settings', { page: 'settings', section: null }],
    ['/settings/account', { page: 'settings', section: 'account' }],
  ];
  for (const [path, place] of places) {
    it(`${path} is a place and back`, () => {
      expect(parsePlace(path)).toEqual(place);
      expect(pathOf(place)).toBe(path);
    });
  }
  it('that nobody knows is home', () => {
    expect(parsePlace('/nowhere/at/all')).toEqual({ page: 'home' });
    expect(parsePlace('/c/%E0%A4%A')).toEqual({ page: 'home' });
  });
});

describe('loudness', () => {
  it('is 0 in silence, 1 at full scale and grows between', () => {
    const tone = (peak: number) =>
      Float32Array.from({ length: 1024 }, (_, i) => peak * Math.sin(i));
    expect(loudness(tone(0))).toBe(0);
    expect(loudness(tone(1))).toBe(1);
    expect(loudness(tone(0.05))).toBeGreaterThan(loudness(tone(0.01)));
  });
});
