import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DeviceProblem, EndReason } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';
import { setLocale } from '../lib/paraglide/runtime';

import { endWords, problemWords, testWords } from './words';

const PROBLEMS: DeviceProblem[] = [
  'denied',
  'dismissed',
  'missing',
  'busy',
  'unplugged',
  'hung',
  'other',
];

afterEach(() => void setLocale('en', { reload: false }));

describe('a device that cannot be used', () => {
  it('reads as the design says', () => {
    expect(problemWords('camera', 'busy')).toBe(
      'Bellwire can’t use your camera because another program has it. The call goes on without your picture. Close the other program and choose Try again.',
    );
  });

  for (const problem of PROBLEMS) {
    it(`${problem}: says what happened, what still works and what to do`, () => {
      expect(problemWords('camera', problem)).toMatch(
        /camera.*The call goes on without your picture\. .*(Try again|Devices)/,
      );
      expect(problemWords('audio', problem)).toMatch(
        /microphone.*The call goes on, but nobody hears you\. .*(Try again|Devices)/,
      );
    });
  }

  it('is never asked for beside the address of a page that came over http', () => {
    vi.stubGlobal('isSecureContext', false);
    for (const language of ['en', 'de'] as const) {
      void setLocale(language, { reload: false });
      for (const slot of ['audio', 'camera', 'screen'] as const) {
        expect(problemWords(slot, 'denied')).toMatch(/https/);
      }
      expect(testWords('microphone', 'denied')).toMatch(/https/);
    }
    vi.unstubAllGlobals();
  });

  it('has a text of its own for each problem, in both languages', () => {
    for (const language of ['en', 'de'] as const) {
      void setLocale(language, { reload: false });
      const texts = PROBLEMS.flatMap((problem) => [
        problemWords('camera', problem),
        problemWords('audio', problem),
      ]);
      expect(new Set(texts).size).toBe(texts.length);
    }
  });

  it('says nothing where the person closed the picker of screens', () => {
    expect(problemWords('screen', 'dismissed')).toBeNull();
    expect(problemWords('screen', 'denied')).toMatch(/call goes on as before.*Try again/);
    expect(problemWords('screen', 'other')).toMatch(/call goes on as before.*Try again/);
  });

  it('names the button that tries again as the button is named', () => {
    for (const language of ['en', 'de'] as const) {
      void setLocale(language, { reload: false });
      expect(problemWords('camera', 'busy')).toContain(m.try_again());
    }
  });
});

/** The reason, the words of the caller, the words of the called. */
const ENDINGS: [EndReason, RegExp, RegExp][] = [
  ['ended', /^Call ended$/, /^Call ended$/],
  ['cancelled', /^You cancelled the call$/, /^Grace gave up/],
  ['declined', /^Grace declined$/, /^You declined the call$/],
  ['busy', /^Grace is in another call$/, /Grace/],
  ['dnd', /^Grace doesn’t want to be disturbed now$/, /Grace/],
  ['no_answer', /^Grace didn’t answer$/, /Grace/],
  ['answered_elsewhere', /^Answered on another device$/, /^Answered on another device$/],
  ['declined_elsewhere', /^Declined on another device$/, /^Declined on another device$/],
  ['unreachable', /^Grace couldn’t be reached$/, /Grace/],
  ['lost', /^The connection was lost$/, /^The connection was lost$/],
  ['window_closed', /^Grace closed the call’s window$/, /^Grace closed the call’s window$/],
  ['time_limit', /^The longest time/, /^The longest time/],
  ['replaced', /same moment$/, /same moment$/],
  ['failed', /^The call could not be connected$/, /^The call could not be connected$/],
];

describe('the end of a call', () => {
  for (const [reason, caller, called] of ENDINGS) {
    it(`${reason} is told from both sides`, () => {
      expect(endWords(reason, true, 'Grace').title).toMatch(caller);
      expect(endWords(reason, false, 'Grace').title).toMatch(called);
    });
  }

  it('says what to do when the call was lost or could not be connected', () => {
    expect(endWords('lost', true, 'Grace').detail).toMatch(/Check your network, then call again/);
    const { detail } = endWords('window_closed', true, 'Grace');
    expect(detail).toMatch(/connection was fine.*call again/);
    expect(detail).not.toMatch(/network/);
    expect(endWords('failed', true, 'Grace').detail).toMatch(/apps is too old.*call again/);
  });

  it('is honest about a reason that this build does not know', () => {
    expect(endWords('moved_to_mars', true, 'Grace').detail).toMatch(/does not know/);
  });

  it('leaves by itself only where nobody has to decide anything', () => {
    const ordinary = ENDINGS.map(([reason]) => reason).filter(
      (reason) => endWords(reason, true, 'Grace').ordinary,
    );
    expect(ordinary).toEqual([
      'ended',
      'cancelled',
      'answered_elsewhere',
      'declined_elsewhere',
      'replaced',
    ]);
  });
});
