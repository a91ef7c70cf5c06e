import { afterEach, expect, it, vi } from 'vitest';
import { certificates } from './certificate';

afterEach(() => vi.unstubAllGlobals());

function browser(life: number): void {
  let made = 0;
  vi.stubGlobal('RTCPeerConnection', {
    generateCertificate: () => Promise.resolve({ number: ++made, expires: Date.now() + life }),
  });
}

const DAY_MS = 24 * 60 * 60 * 1000;

it('gives no certificate twice, so that calls cannot be linked, and has the next one ready', async () => {
  browser(30 * DAY_MS);
  const ready = certificates();
  const taken: unknown[] = [];
  for (let call = 0; call < 5; call += 1) {
    await new Promise((resolve) => setTimeout(resolve));
    taken.push(ready.take());
    expect(ready.take(), 'a second connection at once makes its own').toBeNull();
  }
  expect(taken).not.toContain(null);
  expect(new Set(taken).size).toBe(5);
});

it('gives none that is about to expire', async () => {
  browser(DAY_MS - 1);
  const ready = certificates();
  await new Promise((resolve) => setTimeout(resolve));
  expect(ready.take()).toBeNull();
});
