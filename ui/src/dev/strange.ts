import type { View } from '../lib/bindings';
import { LONG } from './views';

/** Names as long as a name may be, and as wide, as high and as foreign as they come. */
const NAMES = [
  'W'.repeat(40),
  'Donaudampfschifffahrtsgesellschaftskapitänin von Oberammergau',
  'عبد الرحمن بن محمد بن موسى الخوارزمي صاحب الجبر',
  'Z\u0300\u0301\u0302\u0303a\u0304\u0305\u0306l\u0307\u0308\u0309g\u030a\u030b\u030co'.repeat(3),
  '👩‍👩‍👧‍👦'.repeat(5),
  LONG,
];

/** What people paste: an address of 120 signs, words without a break, other directions. */
const TEXTS = [
  `https://example.org/${'a1b2c3d4e5'.repeat(10)}`,
  'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz, '.repeat(4),
  'هذه رسالة طويلة تُقرأ من اليمين إلى اليسار، وفيها رقم 2:05 وكلمة Bellwire',
  'M'.repeat(200),
  '👨‍👩‍👧‍👦'.repeat(60),
  'o\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309'.repeat(40),
];

const RELAY = `calls.${'very-long-name-of-a-department'.repeat(2)}.example.org`;

/** What somebody else wrote or chose, by the fields that carry it. */
const OF_OTHERS: Record<string, readonly string[]> = {
  name: NAMES,
  display_name: NAMES,
  from: NAMES,
  text: TEXTS,
};

/** The same view after people wrote what nobody expects. A name that is the longest stays. */
export function strange(view: View): View {
  const taken = new Map<string, number>();
  const next = (field: string, from: readonly string[]): string => {
    const at = taken.get(field) ?? 0;
    taken.set(field, at + 1);
    return from[at % from.length] ?? '';
  };
  /** The same word becomes the same word, as it would in a real list. */
  const words = new Map<string, string>();
  const turn = (field: string, value: string): string => {
    const from = OF_OTHERS[field];
    if (!from || value === '' || value === LONG) return value;
    const key = `${field === 'text' ? 'text' : 'name'} ${value}`;
    const word = words.get(key) ?? next(field === 'text' ? 'text' : 'name', from);
    words.set(key, word);
    return word;
  };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([field, inner]) => [
        field,
        typeof inner === 'string' ? turn(field, inner) : walk(inner),
      ]),
    );
  };
  return { ...(walk(view) as View), relay_address: view.relay_address && RELAY };
}
