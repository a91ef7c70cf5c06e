import type { Entry } from '../lib/bindings';

/** Entries of one day, oldest first. */
export interface Day {
  /** The first entry's time. */
  at: number;
  entries: Entry[];
}

/** Cuts a timeline (oldest first) at midnights of this device's clock. */
export function byDay(entries: Entry[]): Day[] {
  const days: Day[] = [];
  let last = '';
  for (const entry of entries) {
    const name = new Date(entry.at).toDateString();
    const day = days[days.length - 1];
    if (day && name === last) day.entries.push(entry);
    else days.push({ at: entry.at, entries: [entry] });
    last = name;
  }
  return days;
}
