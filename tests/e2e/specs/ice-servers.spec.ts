import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

/** What the relay takes as settings, in the form in which clients get it; its own tests read it too. */
const cases = readFileSync(join(import.meta.dirname, '../../../relay/src/config/ice/cases.tsv'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t') as [typed: string, form: string]);

/** What the browser says of a server when a call opens its connection. */
function verdict(urls: string): string {
  try {
    new RTCPeerConnection({ iceServers: [{ urls, username: 'bellwire', credential: 'secret' }] }).close();
    return 'taken';
  } catch (error) {
    return String(error);
  }
}

test('a browser takes every STUN and TURN address that the relay takes', async ({ page }) => {
  const forms = cases.map(([, form]) => form).filter((form) => form !== 'refused');
  expect(forms.length).toBeGreaterThan(20);
  for (const form of forms) {
    expect(await page.evaluate(verdict, form), form).toBe('taken');
  }
});

test('what stops a call in the browser stops the relay first', async ({ page }) => {
  const refused = cases.filter(([, form]) => form === 'refused').map(([typed]) => typed);
  const verdicts = await Promise.all(refused.map((typed) => page.evaluate(verdict, typed)));
  // The relay is stricter; the list is of no use if the browser takes most of it.
  expect(verdicts.filter((said) => said !== 'taken').length).toBeGreaterThan(20);
});
