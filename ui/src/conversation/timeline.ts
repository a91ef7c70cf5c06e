import type { Entry } from '../lib/bindings';

/** Entries of one day, oldest first. */
export interface Day {
  /** Names the day, whatever is shown of it. */
  key: string;
  /** A time of it. */
  at: number;
  entries: Entry[];
}

/**
 * Cuts a timeline (oldest first) at midnights of this device's clock. A day in which nothing changed
 * since the former cut is the same object.
 */
export function byDay(entries: Entry[], former: readonly Day[] = []): Day[] {
  const days: Day[] = [];
  for (const entry of entries) {
    const key = new Date(entry.at).toDateString();
    const day = days[days.length - 1];
    if (day?.key === key) day.entries.push(entry);
    else days.push({ key, at: new Date(entry.at).setHours(12, 0, 0, 0), entries: [entry] });
  }
  const known = new Map(former.map((day) => [day.key, day]));
  return days.map((day) => {
    const before = known.get(day.key);
    return before && isSame(before.entries, day.entries) ? before : day;
  });
}

function isSame(one: readonly Entry[], other: readonly Entry[]): boolean {
  return one.length === other.length && one.every((entry, at) => entry === other[at]);
}

/** What a change of a timeline means for whoever looks at it. */
export type Change =
  /** Something came at its end. */
  | 'news'
  /** Something else changed: earlier entries came, or one was delivered. */
  | 'rest';

export function changeOf(before: readonly Entry[], after: readonly Entry[]): Change {
  const [last, newest] = [before.at(-1), after.at(-1)];
  if (last === undefined || newest === undefined || last.id === newest.id) return 'rest';
  return after.some(({ id }) => id === last.id) ? 'news' : 'rest';
}
