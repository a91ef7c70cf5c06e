import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

import type { Place } from './place.ts';

/** Processes of somebody's login that run this program, by its file's name or what it matches. */
export function processesOf(place: Place, program: string | RegExp): number[] {
  const isIt = (name: string): boolean =>
    typeof program === 'string' ? name === program : program.test(name);
  const mark = `XDG_RUNTIME_DIR=${place.runtime}`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return (
          isIt(basename(readlinkSync(`/proc/${pid}/exe`))) &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark)
        );
      } catch {
        // It ended meanwhile, or belongs to somebody else.
        return false;
      }
    })
    .map(Number);
}

/** What somebody looks at calls with: the app and its webview's processes, or a browser's. */
const LOOKED_AT = /^(bellwire-desktop|WebKit.*Process|chromium.*)$/;

/** Seconds of processor time that the app or browser of a login took so far. */
export function cpuOf(place: Place): number {
  const ticks = appProcesses(place).map((pid) => {
    const fields = statOf(pid);
    // utime and stime, in clock ticks (100 a second).
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / 100;
}

/** Memory of the app or browser of a login in bytes; what several processes share is counted once. */
export function memoryOf(place: Place): number {
  const sizes = appProcesses(place).map((pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? Number.NaN) * 1_024;
  });
  return sizes.reduce((sum, one) => sum + one, 0);
}

/** With all that they started: Chromium's children do not say where they belong. */
function appProcesses(place: Place): number[] {
  const family = new Set(processesOf(place, LOOKED_AT));
  if (family.size === 0) throw new Error('nothing runs there');
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(Number(entry), Number(statOf(Number(entry))[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  return [...family];
}

/** TCP ports at which a process waits for whoever knocks; not the one that its driver told it. */
export function listening(pid: number): number[] {
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
  const driver = Number(/WEBKIT_INSPECTOR_SERVER=[^\0]*:(\d+)/.exec(environment)?.[1]);
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        // It was closed meanwhile.
        return undefined;
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      // State 0A is LISTEN, the tenth field is the socket's inode.
      .filter((fields) => fields[3] === '0A' && own.has(fields[9] ?? ''))
      .map((fields) => parseInt(fields[1]?.split(':')[1] ?? '', 16))
      .filter((port) => port !== driver),
  );
}

/** The fields of `/proc/PID/stat` from the third on: those after the name. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** When a process was started, in ms since 1970; exact to 10 ms. */
export function startOf(pid: number): number {
  // Clock ticks (100 a second) since boot.
  const ticks = Number(statOf(pid)[19]);
  const up = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return Date.now() - up * 1_000 + ticks * 10;
}
