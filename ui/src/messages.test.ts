import { describe, expect, it } from 'vitest';
import de from '../messages/de.json';
import en from '../messages/en.json';

const languages = { en, de } as Record<string, Record<string, unknown>>;

/** Every text of a message with its name in front, plural forms apart. */
function texts(messages: Record<string, unknown>): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]): [string, string][] => {
    if (key === '$schema') return [];
    if (typeof value === 'string') return [[key, value]];
    const [variants] = value as [{ match: Record<string, string> }];
    return Object.entries(variants.match).map(([form, text]) => [`${key} ${form}`, text]);
  });
}

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

describe('the messages', () => {
  it('exist in every language', () => {
    expect(texts(de).map(([key]) => key)).toEqual(texts(en).map(([key]) => key));
  });

  for (const [language, messages] of Object.entries(languages)) {
    it(`are never empty in ${language}`, () => {
      expect(texts(messages).filter(([, text]) => text.trim() === '')).toEqual([]);
    });
  }

  it('have the same placeholders in every language', () => {
    const german = new Map(texts(de));
    const different = texts(en).filter(
      ([key, text]) => placeholders(text).join() !== placeholders(german.get(key) ?? '').join(),
    );
    expect(different).toEqual([]);
  });
});
