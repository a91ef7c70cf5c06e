import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { profileNotes, windowNotes } from './notes';

afterEach(() => vi.restoreAllMocks());

test('notes are found again', () => {
  windowNotes.write('seat', 'here');
  profileNotes.write('appearance', 'dark');
  expect([windowNotes.read('seat'), profileNotes.read('appearance')]).toEqual(['here', 'dark']);
  expect(windowNotes.read('appearance')).toBeNull();
});

test('a browser that keeps nothing for the page reads as empty, and stops nobody', () => {
  for (const name of ['sessionStorage', 'localStorage'] as const) {
    vi.spyOn(globalThis, name, 'get').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
  }
  windowNotes.write('seat', 'here');
  profileNotes.write('appearance', 'dark');
  expect([windowNotes.read('seat'), profileNotes.read('appearance')]).toEqual([null, null]);
});

/** What throws, or never answers, where a browser keeps nothing; and who is prepared for it. */
const DOORS: [RegExp, string[]][] = [
  [/\b(?:localStorage|sessionStorage)\b/, ['lib/host/notes.ts', 'theme.js']],
  [/\bindexedDB\b/, ['lib/host/records.ts']],
  [/\bnavigator\.locks\b/, ['lib/host/notifications.ts', 'lib/host/web.ts']],
  [/\bnew BroadcastChannel\b/, ['lib/host/web.ts']],
  [/\bserviceWorker\b|\bcaches\.|document\.cookie/, []],
];

test('storage is touched only where it is known that it can fail', () => {
  const root = join(import.meta.dirname, '../..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) =>
        /\.(?:js|ts|svelte)$/.test(file) && !/\.test\.ts$|\/paraglide\/|\/wasm\//.test(file),
    )
    .map((file) => join(root, file));
  expect(files.length, 'the sources are there').toBeGreaterThan(100);
  for (const [door, keepers] of DOORS) {
    const found = files.filter((file) => door.test(readFileSync(file, 'utf8')));
    expect(found.map((file) => relative(root, file)).sort(), String(door)).toEqual(keepers);
  }
});
