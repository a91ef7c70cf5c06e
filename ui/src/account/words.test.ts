import { afterEach, describe, expect, it } from 'vitest';
import type { NoticeText, SignInProblem } from '../lib/bindings';
import { setLocale } from '../lib/paraglide/runtime';
import { fieldOf, noticeWords, signInProblem } from './words';

const RELAY = 'calls.example.org';

/** Each problem of signing in with words that only its own text has. */
const PROBLEMS: [SignInProblem, RegExp][] = [
  [{ type: 'refused', reason: 'username_invalid' }, /2 to 32 letters/],
  [{ type: 'refused', reason: 'username_taken' }, /is taken\. Choose another/],
  [{ type: 'refused', reason: 'username_similar' }, /looks too much like somebody/],
  [{ type: 'refused', reason: 'display_name_invalid' }, /name cannot be used/],
  [{ type: 'refused', reason: 'password_length' }, /at least 10 characters/],
  [{ type: 'refused', reason: 'password_common' }, /among the most common/],
  [{ type: 'refused', reason: 'wrong_credentials' }, /^Username or password is wrong\.$/],
  [{ type: 'refused', reason: 'invite_required' }, /needs an invitation/],
  [{ type: 'refused', reason: 'setup_code_required' }, /printed when it started/],
  [{ type: 'refused', reason: 'reset_code_invalid' }, /wrong, used or expired/],
  [{ type: 'refused', reason: 'registration_closed' }, /takes no new accounts/],
  [{ type: 'refused', reason: 'token_invalid' }, /sign-in has expired/],
  [{ type: 'refused', reason: 'sign_in_ended' }, /was ended/],
  [{ type: 'refused', reason: 'no_such_user' }, /Nobody with this username/],
  [{ type: 'refused', reason: 'yourself' }, /your own username/],
  [{ type: 'refused', reason: 'store_unavailable' }, /disk may be full\. Calls go on/],
  [{ type: 'refused', reason: 'from_a_newer_relay' }, /does not know/],
  [{ type: 'rate_limited', retry_after_s: 30 }, /again in 30 seconds/],
  [{ type: 'rate_limited', retry_after_s: 1 }, /again in 1 second\./],
  [{ type: 'unreachable' }, /relay at calls\.example\.org cannot be reached\. Check/],
  [{ type: 'certificate' }, /certificate of calls\.example\.org is not trusted/],
  [{ type: 'not_bellwire' }, /not a Bellwire relay.*Check the address/],
  [
    { type: 'origin_refused', address: 'https://bell.example' },
    /not accept the address calls\.example\.org\. Its own address is https:\/\/bell\.example/,
  ],
  [{ type: 'origin_refused', address: null }, /not accept the address calls\.example\.org\. Ask/],
  [
    { type: 'other_relay', address: 'bell.example' },
    /relay at bell\.example, so its code was not sent/,
  ],
  [
    { type: 'other_person', name: 'Ada' },
    /other than Ada, whose messages are still on this device/,
  ],
  [{ type: 'revoked' }, /signed out from another device.*Sign in again/],
  [{ type: 'internal' }, /has a fault.*Try again/],
];

const NOTICES: [NoticeText, RegExp][] = [
  [{ type: 'not_connected' }, /cannot be reached at present/],
  [{ type: 'refused', reason: 'yourself' }, /your own username/],
  [{ type: 'refused', reason: null }, /refused/],
  [{ type: 'rate_limited', retry_after_s: 5 }, /in 5 seconds/],
  [{ type: 'nothing_hides' }, /names no server.*Switch off.*ask whoever runs/],
  [{ type: 'already_in_call' }, /You are in a call/],
  [{ type: 'call_gone' }, /answered elsewhere/],
  [{ type: 'contact_requested', username: 'grace' }, /sent to grace/],
  [{ type: 'password_changed' }, /Every other device was signed out/],
  [{ type: 'sign_in_copied', at: 0 }, /copy of one of your sign-ins/],
  [{ type: 'password_changed_elsewhere', at: 0 }, /changed on another device/],
  [{ type: 'password_reset', at: 0 }, /whoever runs the relay/],
  [{ type: 'lists_incomplete' }, /some may be missing.*Update it or ask/],
  [{ type: 'message_refused' }, /empty or too long/],
  [{ type: 'too_much_sent', name: 'Mallory' }, /Mallory’s device .* the call goes on/],
];

afterEach(() => void setLocale('en', { reload: false }));

describe('a problem of signing in', () => {
  for (const [problem, words] of PROBLEMS) {
    it(`says what happened for ${JSON.stringify(problem)}`, () => {
      expect(signInProblem(problem, RELAY)).toMatch(words);
    });
  }

  it('is said in German as well', () => {
    const english = PROBLEMS.map(([problem]) => signInProblem(problem, RELAY));
    void setLocale('de', { reload: false });
    const german = PROBLEMS.map(([problem]) => signInProblem(problem, RELAY));
    expect(german.filter((text) => english.includes(text))).toEqual([]);
  });

  it('is shown beside the field that it is about', () => {
    expect(fieldOf({ type: 'refused', reason: 'username_taken' })).toBe('username');
    expect(fieldOf({ type: 'refused', reason: 'password_common' })).toBe('password');
    expect(fieldOf({ type: 'refused', reason: 'invite_required' })).toBe('invite');
    expect(fieldOf({ type: 'refused', reason: 'setup_code_required' })).toBe('invite');
    expect(fieldOf({ type: 'refused', reason: 'username_similar' })).toBe('username');
    expect(fieldOf({ type: 'refused', reason: 'reset_code_invalid' })).toBe('code');
    expect(fieldOf({ type: 'other_relay', address: 'bell.example' })).toBe('code');
    expect(fieldOf({ type: 'unreachable' })).toBeNull();
  });
});

describe('a notice', () => {
  for (const [text, words] of NOTICES) {
    it(`says what happened for ${JSON.stringify(text)}`, () => {
      expect(noticeWords(text)).toMatch(words);
    });
  }
});
