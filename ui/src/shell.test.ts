// @vitest-environment node
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const page = readFileSync('index.html', 'utf8');
const css = readFileSync('public/shell.css', 'utf8');
const tokens = readFileSync('src/shared/tokens.css', 'utf8');

test('what is seen first is a few kB and needs no script', () => {
  // At 400 kbit/s a kB takes 20 ms.
  expect(gzipSync(page).length + gzipSync(css).length).toBeLessThan(3_000);
  const [, shell] = /<div id="shell">([^]*?)<\/div>/.exec(page) ?? [];
  expect(shell).toContain('Bellwire');
  expect(shell).toContain('Still loading');
  expect(shell, 'nothing that is fetched, and nothing inline that the policy refuses').not.toMatch(
    /<script|<img|<link|style=|href=|src=/,
  );
  const scripts = [...page.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);
  expect(scripts.every((attributes) => attributes?.includes('type="module"'))).toBe(true);
  expect(page.indexOf('shell.css'), 'before whatever the build adds').toBeLessThan(
    page.indexOf('</head>'),
  );
  expect(css, 'nothing that is fetched').not.toMatch(/url\(|@import/);
});

test('nothing is fetched before it', () => {
  expect(page).not.toMatch(/rel="(?:preload|modulepreload)"/);
});

test('it has the colours of the application, in both themes', () => {
  for (const name of ['bg', 'text']) {
    const [, light, dark] =
      new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(tokens) ?? [];
    expect(css.split('@media')[0]).toContain(light ?? 'none');
    expect(css.split('@media')[1]).toContain(dark ?? 'none');
  }
});

test('the application takes its place', () => {
  for (const entry of ['src/main.ts', 'src/desktop.ts']) {
    expect(readFileSync(entry, 'utf8')).toContain('takeOver(');
  }
});
