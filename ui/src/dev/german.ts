import de from '../../messages/de.json';
import en from '../../messages/en.json';

const german = de as Record<string, unknown>;

/** What an English button is called in German; names within it stay. */
export function inGerman(label: string): string {
  for (const [key, text] of Object.entries(en)) {
    const translated = german[key];
    if (typeof text !== 'string' || typeof translated !== 'string') continue;
    const [before = '', after, ...more] = text.split(/\{\w+\}/);
    if (after === undefined ? text === label : more.length === 0 && fits(label, before, after)) {
      const name = label.slice(before.length, label.length - (after?.length ?? 0));
      return translated.replace(/\{\w+\}/, name);
    }
  }
  throw new Error(`nothing is called ${label}`);
}

function fits(label: string, before: string, after: string): boolean {
  const words = before + after;
  return words.trim() !== '' && label.startsWith(before) && label.endsWith(after);
}
