import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

import type { Place } from './place.ts';

/** Processes of somebody's login that run this program, by its file's name. */
export function processesOf(place: Place, program: string): number[] {
  const mark = `XDG_RUNTIME_DIR=${place.runtime}`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return (
          basename(readlinkSync(`/proc/${pid}/exe`)) === program &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark)
        );
      } catch {
        // It ended meanwhile, or belongs to somebody else.
        return false;
      }
    })
    .map(Number);
}

/** When a process was started, in ms since 1970; exact to 10 ms. */
export function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name in parentheses, the twentieth: clock ticks (100 a second) since boot.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const up = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return Date.now() - up * 1_000 + ticks * 10;
}
