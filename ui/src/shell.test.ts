import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { showAppearance } from './settings/look';

const page = readFileSync('index.html', 'utf8');
const css = readFileSync('public/shell.css', 'utf8');
const theme = readFileSync('src/theme.js', 'utf8');
const tokens = readFileSync('src/shared/tokens.css', 'utf8');

afterEach(() => vi.restoreAllMocks());

/** Loads the page anew as far as its theme goes. */
function load(): string | undefined {
  delete document.documentElement.dataset.theme;
  new Function(theme)();
  return document.documentElement.dataset.theme;
}

test('the theme that was chosen is there before anything is drawn', () => {
  const [, head] = /<head>([^]*?)<\/head>/.exec(page) ?? [];
  expect(head, 'neither deferred nor a module').toContain(
    '<script vite-ignore src="/src/theme.js"></script>',
  );
  for (const appearance of ['light', 'dark', 'system'] as const) {
    showAppearance(appearance);
    expect(load()).toBe(appearance === 'system' ? undefined : appearance);
  }
});

test('a browser that keeps nothing for the page shows the theme of the system', () => {
  vi.spyOn(globalThis, 'localStorage', 'get').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError');
  });
  expect(load()).toBeUndefined();
});

test('what is seen first is a few kB and needs no script', () => {
  // At 400 kbit/s a kB takes 20 ms.
  const sizes = [page, css, theme].map((file) => gzipSync(file).length);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(3_000);
  const [, shell] = /<div id="shell">([^]*?)<\/div>/.exec(page) ?? [];
  expect(shell).toContain('Bellwire');
  expect(shell).toContain('Still loading');
  expect(shell, 'nothing that is fetched, and nothing inline that the policy refuses').not.toMatch(
    /<script|<img|<link|style=|href=|src=/,
  );
  const scripts = [...page.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
  expect(
    scripts.map(([, attributes]) => attributes?.includes('type="module"')),
    'one sets the theme, the other waits for the page',
  ).toEqual([false, true]);
  expect(scripts.map(([, , inline]) => inline)).toEqual(['', '']);
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
    expect(/data-theme='light'\] \{([^}]*)/.exec(css)?.[1]).toContain(light ?? 'none');
    expect(/data-theme='dark'\] \{([^}]*)/.exec(css)?.[1]).toContain(dark ?? 'none');
  }
});

test('the application takes its place', () => {
  for (const entry of ['src/main.ts', 'src/desktop.ts']) {
    expect(readFileSync(entry, 'utf8')).toContain('takeOver(');
  }
});
