import Mic from '@lucide/svelte/icons/mic';
import { render } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { staticIcon } from '../../static-icons.ts';

afterEach(() => vi.restoreAllMocks());

function drawn(size?: number): SVGSVGElement {
  const svg = render(Mic, { size }).container.querySelector('svg');
  if (svg === null) throw new Error('nothing was drawn');
  return svg;
}

const attributes = (element: Element) =>
  Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));

test('drawing an icon copies a template and sets nothing but the size', () => {
  const set = vi.spyOn(Element.prototype, 'setAttribute');
  drawn(18);
  const names = set.mock.calls.map(([name]) => name);
  expect(names.filter((name) => name !== 'width' && name !== 'height')).toEqual([]);
});

test('an icon looks as Lucide draws it and is hidden from assistive technology', () => {
  const svg = drawn();
  expect(attributes(svg)).toEqual({
    xmlns: 'http://www.w3.org/2000/svg',
    width: '24',
    height: '24',
    viewBox: '0 0 24 24',
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': '2',
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
    'aria-hidden': 'true',
  });
  expect([...svg.children].map((shape) => [shape.tagName, attributes(shape)])).toEqual([
    ['path', { d: 'M12 19v3' }],
    ['path', { d: 'M19 10v2a7 7 0 0 1-14 0v-2' }],
    ['rect', { x: '9', y: '2', width: '6', height: '13', rx: '3' }],
  ]);
  expect(svg.namespaceURI).toBe('http://www.w3.org/2000/svg');
  expect(svg.lastElementChild?.namespaceURI).toBe('http://www.w3.org/2000/svg');
});

test('the size of an icon is its width and its height', () => {
  expect(attributes(drawn(18))).toMatchObject({ width: '18', height: '18', viewBox: '0 0 24 24' });
});

test('a package that writes its icons in another way is refused', () => {
  expect(staticIcon('<script>const other = 1;</script>')).toBeNull();
});
