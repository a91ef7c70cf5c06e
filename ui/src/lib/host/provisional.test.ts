import { afterEach, expect, test } from 'vitest';
import type { Account } from '../bindings';
import { after, provisionalView, noteAccount } from './provisional';
import { profileNotes } from './notes';

afterEach(() => localStorage.clear());

const OUT = {
  type: 'signed_out',
  busy: false,
  problem: null,
  registration: 'open',
  relay_version: '1',
  former: null,
  reset: null,
} satisfies Account;

test('a browser that nobody signed in with has its first screen before the core is there', () => {
  expect(provisionalView('calls.example.org')).toMatchObject({
    account: { type: 'signed_out', busy: false },
    relay_address: 'calls.example.org',
    settings: { appearance: 'system', language: 'system' },
  });
});

test('somebody who is signed in, or was asked for the password again, waits for the core', () => {
  noteAccount({ type: 'signed_in' } as Account);
  expect(provisionalView('x')).toBeNull();
  noteAccount({ type: 'loading' });
  expect(provisionalView('x'), 'loading says nothing').toBeNull();
  noteAccount({ ...OUT, former: { username: 'ada', name: 'Ada' } });
  expect(provisionalView('x')).toBeNull();
  noteAccount(OUT);
  expect(provisionalView('x')).not.toBeNull();
});

test('it looks as it was chosen', () => {
  profileNotes.write('appearance', 'dark');
  profileNotes.write('language', 'de');
  expect(provisionalView('x')?.settings).toEqual({ appearance: 'dark', language: 'de' });
});

test('a press that waits for the core is seen to be under way', () => {
  const view = provisionalView('x');
  if (!view) throw new Error('nobody is signed in');
  const busy = after(view, { type: 'sign_in', username: 'ada', password: 'long enough' });
  expect(busy.account).toMatchObject({ busy: true });
  expect(after(view, { type: 'reconnect' })).toBe(view);
});
