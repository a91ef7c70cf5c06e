// @vitest-environment node
import { expect, test } from 'vitest';

const sources = import.meta.glob<string>('./**/*.svelte', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Text that somebody else wrote and that stands by itself in an element. */
const WRITTEN = /<([a-z]+)([^<>]*)>\s*\{(?:[\w.]+\.)?(?:name|display_name|text|writer)\}\s*</g;
/** Words of ours, which stand in the language of the page. */
const OURS = /^\.\/(shared|call\/(Chart|Problems)|views\/Nothing|settings\/[A-Z]\w+Field)/;

test('what others wrote is laid out by its own direction, and moves nothing beside it', () => {
  const found = Object.entries(sources)
    .filter(([file]) => !OURS.test(file))
    .flatMap(([file, source]) => [...source.matchAll(WRITTEN)].map((match) => ({ file, match })));
  expect(found.length, 'the pattern finds names').toBeGreaterThan(10);
  const loose = found.filter(
    ({ match: [, tag = '', attributes = ''] }) =>
      tag !== 'bdi' && !attributes.includes('dir="auto"'),
  );
  expect(loose.map(({ file, match }) => `${file}: ${match[0]}`)).toEqual([]);
});
