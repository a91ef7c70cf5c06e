import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepAwake } from './awake';

let held = 0;
let visible: DocumentVisibilityState = 'visible';

/** As browsers: one lock a request, given up when the page is hidden. */
const request = vi.fn(() => {
  held += 1;
  let released = false;
  const release = () => {
    if (!released) held -= 1;
    released = true;
    return Promise.resolve();
  };
  document.addEventListener('visibilitychange', () => visible === 'hidden' && void release());
  return Promise.resolve({ release });
});

function turn(to: DocumentVisibilityState): void {
  visible = to;
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  held = 0;
  visible = 'visible';
  Object.assign(navigator, { wakeLock: { request } });
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visible);
});
afterEach(() => vi.restoreAllMocks());

it('keeps the screen on for the whole call, also after the page was hidden', async () => {
  const end = keepAwake();
  await expect.poll(() => held).toBe(1);
  turn('hidden');
  expect(held).toBe(0);
  turn('visible');
  await expect.poll(() => held).toBe(1);
  end();
  await expect.poll(() => held).toBe(0);
  turn('visible');
  await Promise.resolve();
  expect(held).toBe(0);
});

it('lets go of a lock that comes after the end', async () => {
  keepAwake()();
  await expect.poll(() => request.mock.calls.length).toBeGreaterThan(0);
  await expect.poll(() => held).toBe(0);
});

it('goes on without where a browser has none or refuses', async () => {
  const refused = vi.fn(() => Promise.reject(new DOMException('low power', 'NotAllowedError')));
  Object.assign(navigator, { wakeLock: { request: refused } });
  keepAwake()();
  Object.assign(navigator, { wakeLock: undefined });
  keepAwake()();
  await Promise.resolve();
  expect(refused).toHaveBeenCalledOnce();
});
