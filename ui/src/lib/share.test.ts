import { describe, expect, it } from 'vitest';
import { busyHome, message, view } from '../dev/views';
import { share } from './share';

const open = (entries: ReturnType<typeof message>[]) =>
  view(busyHome({ open: { id: 'grace', entries, has_more: true, loading: false } }));
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function entriesOf({ account }: ReturnType<typeof view>) {
  if (account.type !== 'signed_in' || !account.open) throw new Error('nothing is open');
  return account.open.entries;
}

describe('two views', () => {
  const messages = Array.from({ length: 50 }, (_, n) => message(`m${n}`, `message ${n}`));

  it('are one where they say the same', () => {
    const older = open(messages);
    expect(share(older, copy(older))).toBe(older);
  });

  it('differ in what changed alone, also where a list lost its first', () => {
    const older = open(messages);
    const newer = copy(open([...messages.slice(1), message('m50', 'one more')]));
    const shared = share(older, newer);
    expect(shared).toEqual(newer);
    const before = new Set(entriesOf(older));
    expect(entriesOf(shared).filter((entry) => !before.has(entry))).toEqual([
      message('m50', 'one more'),
    ]);
    expect(shared.settings).toBe(older.settings);
  });

  it('follow what comes, goes, and changes its shape', () => {
    for (const [older, newer] of [
      [[1, 2], [1]],
      [{ a: 1 }, { a: 1, b: undefined }],
      [{ a: 1, b: 2 }, { a: 1 }],
      [{ a: null }, { a: { b: 1 } }],
      [[{ id: 1, x: 1 }], { 0: { id: 1, x: 1 } }],
      [
        [{ id: 1, x: 1 }, { id: 2 }],
        [{ id: 2 }, { id: 1, x: 2 }],
      ],
      [[], [[]]],
      ['', 0],
    ] as [unknown, unknown][]) {
      expect(share(older, newer)).toEqual(newer);
      expect(Object.keys(Object(share(older, newer)))).toEqual(Object.keys(Object(newer)));
    }
  });
});
