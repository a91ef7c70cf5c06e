import { afterEach, describe, expect, it, vi } from 'vitest';
import { folded, hourCycle, regional } from './locale';
import { shortWhen, timeOfDay } from './time';

afterEach(() => vi.restoreAllMocks());

const AFTERNOON = new Date(2026, 10, 20, 14, 5).getTime();

function systemSpeaks(...languages: string[]): void {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
}

describe('the system', () => {
  it('says how a language writes dates', () => {
    expect(regional('en', ['de-DE', 'en-GB'])).toBe('en-GB');
    expect(regional('de', ['en-GB'])).toBe('de');
    systemSpeaks('en-GB', 'en');
    expect(shortWhen(AFTERNOON - 40 * 86_400_000, AFTERNOON, 'en')).toBe('11/10');
  });

  it.each([
    [['en-US'], 'en', '2:05 PM'],
    [['en-GB'], 'en', '14:05'],
    [['de-DE', 'en-US'], 'en', '14:05'],
    [['en-US'], 'de', '2:05 PM'],
    [[], 'en', '2:05 PM'],
  ])('with %j counts the hours of the day in %s as %s', (system, language, time) => {
    systemSpeaks(...system);
    expect(timeOfDay(AFTERNOON, language).replace(/\s/g, ' ')).toBe(time);
  });

  it.each([[[]], [['C']], [['c', 'en_US.UTF-8', '']], [['POSIX', 'en-US']]])(
    'may name what is no language: %j',
    (system) => {
      expect(hourCycle(system)).toMatch(/^h\d\d$/);
      expect(regional('en', system)).toMatch(/^en/);
      systemSpeaks(...system);
      expect(timeOfDay(AFTERNOON, 'en')).toMatch(/^(2:05.PM|14:05)$/);
    },
  );
});

describe('a search', () => {
  it.each([
    ['jose', 'José Álvarez'],
    ['ÁLVA', 'José Álvarez'],
    ['Ｇｒａｃｅ', 'Grace'],
    ['нас', 'НАСТЯ'],
  ])('for %s finds %s', (wanted, name) => {
    expect(folded(name)).toContain(folded(wanted));
  });
});
