// @vitest-environment node
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync('index.html', 'utf8');

test('a page whose files are missing says why, without any of them', () => {
  const [, text] = /<p id="unloaded">([^]*?)<\/p>/.exec(page) ?? [];
  expect(text).toContain('a relay needs a name or a port of its own');
  expect(text).toContain('Ein Relay braucht einen eigenen');
  // The relay's policy lets nothing inline into the page.
  expect(page).not.toMatch(/<style|style="|hidden/);
});

test('a page that has its files does not show it', () => {
  const css = readFileSync('src/shared/base.css', 'utf8');
  expect(css).toMatch(/#unloaded \{\s*display: none;\s*\}/);
  expect(readFileSync('src/main.ts', 'utf8')).toContain("'./shared/base.css'");
  expect(readFileSync('src/desktop.ts', 'utf8')).toContain("'./shared/base.css'");
});
