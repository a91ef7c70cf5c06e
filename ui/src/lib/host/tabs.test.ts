import { describe, expect, test } from 'vitest';
import type { Command, View } from '../bindings';
import { type KeptCall, type Message, type TabInput, type TabOutput, Tabs } from './tabs';

const LOADING = { account: { type: 'loading' } } as View;

function home(
  parts: { rings?: string[]; call?: string; online?: boolean; ready?: boolean } = {},
): View {
  return {
    account: {
      type: 'signed_in',
      ready: parts.ready ?? true,
      rings: (parts.rings ?? []).map((call) => ({ call })),
      call: parts.call ? { stage: { type: parts.call } } : null,
    },
    relay: { type: (parts.online ?? true) ? 'online' : 'connecting' },
    skipped_frames: 0,
  } as unknown as View;
}

const ACCEPT: Command = { type: 'accept_call', call: 'c1', media: 'video' };
const PLACE: Command = { type: 'place_call', conversation: 'v1', media: 'voice' };
const MUTE: Command = { type: 'set_slot', slot: 'audio', on: false };
const HANG_UP: Command = { type: 'hang_up', call: 'c1' };
const MARK: Command = { type: 'mark_seen', conversation: 'v1' };

/** Windows of one profile: a lock with a queue, a channel, timers that the test fires. */
class Profile {
  readonly windows = new Map<string, FakeWindow>();
  #holder: FakeWindow | null = null;
  #queue: FakeWindow[] = [];
  #work: (() => void)[] = [];

  open(name: string, seen = true, first: View | null = null): FakeWindow {
    const window = new FakeWindow(name, this, first);
    this.windows.set(name, window);
    window.feed({ type: 'seen', seen });
    this.#queue.push(window);
    this.send(window, { type: 'hello' });
    this.settle();
    return window;
  }

  close(window: FakeWindow): void {
    this.windows.delete(window.name);
    this.#queue = this.#queue.filter((one) => one !== window);
    if (this.#holder === window) this.#holder = null;
    this.settle();
  }

  steal(window: FakeWindow): void {
    const loser = this.#holder;
    this.#queue = this.#queue.filter((one) => one !== window);
    this.#holder = window;
    if (loser) {
      this.later(() => loser.feed({ type: 'lock_lost' }));
      this.#queue.push(loser);
    }
    this.later(() => window.feed({ type: 'locked' }));
  }

  send(from: FakeWindow, message: Message): void {
    for (const window of this.windows.values()) {
      if (window !== from && !window.frozen)
        this.later(() => window.feed({ type: 'message', message }));
    }
  }

  later(work: () => void): void {
    this.#work.push(work);
  }

  /** Everything that is under way arrives. */
  settle(): void {
    while (this.step());
  }

  /** The next thing arrives. False if nothing is under way. */
  step(): boolean {
    if (!this.#holder) {
      const next = this.#queue.shift();
      if (next) {
        this.#holder = next;
        this.later(() => next.feed({ type: 'locked' }));
      }
    }
    const work = this.#work.shift();
    work?.();
    return work !== undefined;
  }
}

class FakeWindow {
  readonly #tabs: Tabs;
  running = false;
  /** What became of a kept call when the core started here last. */
  call: KeptCall | null = null;
  frozen = false;
  seat = 'here';
  shown: View | null = null;
  timer: number | null = null;
  readonly dispatched: Command[] = [];

  constructor(
    readonly name: string,
    readonly profile: Profile,
    first: View | null,
  ) {
    this.#tabs = new Tabs(name, first);
  }

  feed(input: TabInput): void {
    for (const output of this.#tabs.handle(input)) this.#perform(output);
  }

  do(input: TabInput): void {
    this.feed(input);
    this.profile.settle();
  }

  /** The core of this window draws. */
  draws(view: View): void {
    expect(this.running, 'only a running core draws').toBe(true);
    this.do({ type: 'core_view', view });
  }

  times(): void {
    expect(this.timer, 'a timer runs').not.toBeNull();
    this.timer = null;
    this.do({ type: 'timeout' });
  }

  #perform(output: TabOutput): void {
    switch (output.type) {
      case 'start_core':
        expect(
          [...this.profile.windows.values()].filter((w) => w.running && !w.frozen),
          'one core at a time',
        ).toEqual([]);
        this.running = true;
        this.call = output.call;
        return;
      case 'stop_core':
        this.running = false;
        this.profile.later(() => this.feed({ type: 'core_stopped' }));
        return;
      case 'dispatch':
        this.dispatched.push(output.command);
        return;
      case 'post':
        return this.profile.send(this, output.message);
      case 'show':
        this.shown = output.view;
        return;
      case 'seat':
        this.seat = output.seat;
        return;
      case 'steal_lock':
        return this.profile.steal(this);
      case 'timer':
        this.timer = output.ms;
        return;
    }
  }
}

/** A holder with this view and a follower. */
function pair(view: View): { profile: Profile; holder: FakeWindow; follower: FakeWindow } {
  const profile = new Profile();
  const holder = profile.open('holder');
  holder.draws(view);
  const follower = profile.open('follower');
  return { profile, holder, follower };
}

describe('following', () => {
  test('the first window holds the core; the second shows its view and hands it commands', () => {
    const { holder, follower } = pair(home());
    expect([holder.running, holder.seat]).toEqual([true, 'here']);
    expect([follower.running, follower.seat, follower.shown]).toEqual([false, 'elsewhere', home()]);
    holder.draws(home({ rings: ['c1'] }));
    expect(follower.shown).toEqual(home({ rings: ['c1'] }));
    follower.do({ type: 'command', command: MARK });
    expect(holder.dispatched).toEqual([MARK]);
  });

  test('what is typed on the first screen stays until a core has settled, and then reaches it', () => {
    const first = { account: { type: 'signed_out' } } as View;
    const window = new Profile().open('only', true, first);
    window.draws(LOADING);
    expect(window.shown, 'the form is not taken away').toBeNull();
    const command: Command = { type: 'sign_in', username: 'ada', password: 'long enough' };
    window.do({ type: 'command', command });
    expect(window.dispatched, 'nothing is there that could take it').toEqual([]);
    window.draws({ account: { type: 'signed_out', busy: false } } as View);
    expect(window.dispatched).toEqual([command]);
    expect(window.shown).toEqual({ account: { type: 'signed_out', busy: false } });
  });

  test('a fresh window shows every view of its core', () => {
    const window = new Profile().open('only');
    window.draws(LOADING);
    expect(window.shown).toEqual(LOADING);
    window.draws(home({ ready: false }));
    expect(window.shown).toEqual(home({ ready: false }));
  });

  test('when the holder closes, another window goes on, without flicker', () => {
    const { profile, holder, follower } = pair(home());
    profile.close(holder);
    expect([follower.running, follower.seat]).toEqual([true, 'here']);
    follower.draws(LOADING);
    expect(follower.shown, 'what was there stays').toEqual(home());
    follower.draws(home({ rings: ['c2'] }));
    expect(follower.shown).toEqual(home({ rings: ['c2'] }));
  });

  test('a core that never settles is shown as it is after the time', () => {
    const { profile, holder, follower } = pair(home());
    profile.close(holder);
    follower.draws(home({ ready: false }));
    follower.times();
    expect(follower.shown).toEqual(home({ ready: false }));
  });
});

describe('a call that is accepted in another window', () => {
  test('moves the core there and is accepted when the ring is back', () => {
    const { profile, holder, follower } = pair(home({ rings: ['c1'] }));
    profile.open('third');
    follower.do({ type: 'command', command: ACCEPT });
    expect([holder.running, holder.seat]).toEqual([false, 'elsewhere']);
    expect([follower.running, follower.seat], 'not the third, which waited longer').toEqual([
      true,
      'here',
    ]);
    follower.draws(LOADING);
    follower.draws(home({ ready: true }));
    expect(follower.dispatched, 'the ring is not there yet').toEqual([]);
    follower.draws(home({ rings: ['c1'] }));
    expect(follower.dispatched).toEqual([ACCEPT]);
    follower.draws(home({ call: 'connecting' }));
    expect(follower.dispatched, 'once').toEqual([ACCEPT]);
    expect(holder.shown, 'the old holder follows').toEqual(home({ call: 'connecting' }));
  });

  test('is left to the core to refuse when the ring does not come back in time', () => {
    const { follower } = pair(home({ rings: ['c1'] }));
    follower.do({ type: 'command', command: ACCEPT });
    follower.draws(home());
    expect(follower.dispatched).toEqual([]);
    follower.times();
    expect(follower.dispatched).toEqual([ACCEPT]);
    follower.draws(home({ rings: ['c1'] }));
    expect(follower.dispatched, 'a late ring is not accepted by itself').toEqual([ACCEPT]);
  });

  test('takes the lock from a holder that does not answer', () => {
    const { holder, follower } = pair(home({ rings: ['c1'] }));
    holder.frozen = true;
    follower.do({ type: 'command', command: ACCEPT });
    expect(follower.running).toBe(false);
    follower.times();
    expect([follower.running, holder.running], 'the holder stops when it wakes').toEqual([
      true,
      false,
    ]);
  });

  test('goes on if the holder closes meanwhile', () => {
    const { profile, holder, follower } = pair(home({ rings: ['c1'] }));
    holder.frozen = true;
    follower.do({ type: 'command', command: ACCEPT });
    profile.close(holder);
    follower.draws(home({ rings: ['c1'] }));
    expect(follower.dispatched).toEqual([ACCEPT]);
  });

  test('stays with a holder that is in a call', () => {
    const { holder, follower } = pair(home({ rings: ['c1'], call: 'connected' }));
    follower.do({ type: 'command', command: ACCEPT });
    expect([holder.running, follower.seat]).toEqual([true, 'elsewhere']);
    expect(holder.dispatched, 'the holder decides').toEqual([ACCEPT]);
    expect(follower.timer).toBeNull();
  });

  test('moves after a call that ended', () => {
    const { follower } = pair(home({ rings: ['c1'], call: 'ended' }));
    follower.do({ type: 'command', command: ACCEPT });
    expect(follower.running).toBe(true);
  });
});

test('a call is placed where the person is, as soon as the relay is reached', () => {
  const { follower } = pair(home());
  follower.do({ type: 'command', command: PLACE });
  follower.draws(home({ online: false }));
  expect(follower.dispatched).toEqual([]);
  follower.draws(home({ online: true }));
  expect(follower.dispatched).toEqual([PLACE]);
});

test('a call that can not be placed in time is not forgotten: the core says why', () => {
  const { follower } = pair(home());
  follower.do({ type: 'command', command: PLACE });
  follower.times();
  expect(follower.dispatched, 'the core still loads').toEqual([]);
  follower.draws(home({ online: false }));
  follower.times();
  expect(follower.dispatched).toEqual([PLACE]);
});

test('moving here takes a live call along', () => {
  const { holder, follower } = pair(home({ call: 'connected' }));
  follower.do({ type: 'move_here' });
  expect([holder.running, follower.running]).toEqual([false, true]);
  follower.draws(home({ call: 'connected' }));
  expect(follower.seat).toBe('here');
});

test('a holder takes up its core again when the other window is gone', () => {
  const { profile, holder, follower } = pair(home());
  holder.do({ type: 'message', message: { type: 'want', from: 'gone', live: false } });
  expect(holder.running).toBe(false);
  holder.times();
  expect([holder.running, follower.running]).toEqual([true, false]);
  profile.close(follower);
});

describe('commands while the core moves', () => {
  test('reach it after the one that moved it, in order', () => {
    const { profile, follower } = pair(home({ rings: ['c1'] }));
    follower.feed({ type: 'command', command: ACCEPT });
    follower.feed({ type: 'command', command: MUTE });
    profile.settle();
    follower.do({ type: 'command', command: MARK });
    follower.draws(home());
    expect(follower.dispatched, 'nothing overtakes').toEqual([]);
    follower.draws(home({ rings: ['c1'] }));
    expect(follower.dispatched).toEqual([ACCEPT, MUTE, MARK]);
    follower.do({ type: 'command', command: HANG_UP });
    expect(follower.dispatched).toEqual([ACCEPT, MUTE, MARK, HANG_UP]);
  });

  test('reach it although each message takes its time', () => {
    const { profile, holder, follower } = pair(home({ rings: ['c1'] }));
    const third = profile.open('third');
    follower.feed({ type: 'command', command: ACCEPT });
    const typed: Command[] = [];
    for (let n = 1; follower.seat === 'elsewhere' || profile.step(); n += 1) {
      const command: Command = { type: 'dismiss_notice', notice: n };
      [holder, follower, third][n % 3]?.feed({ type: 'command', command });
      typed.push(command);
      profile.step();
      expect(n, 'the core moves some time').toBeLessThan(100);
    }
    follower.draws(home({ rings: ['c1'] }));
    const all = [holder, follower, third].flatMap(({ dispatched }) => dispatched);
    expect(all.length, 'each once').toBe(typed.length + 1);
    expect(all).toEqual(expect.arrayContaining([ACCEPT, ...typed]));
    for (const rest of [0, 1, 2]) {
      const mine = all.flatMap((c) =>
        c.type === 'dismiss_notice' && c.notice % 3 === rest ? [c.notice] : [],
      );
      expect(mine, 'in order').toEqual(mine.toSorted((a, b) => a - b));
    }
  });

  test('are handed to the holder that does not let go', () => {
    const { profile, holder, follower } = pair(home({ rings: ['c1'], call: 'connected' }));
    follower.feed({ type: 'command', command: ACCEPT });
    follower.feed({ type: 'command', command: MARK });
    profile.settle();
    expect(holder.dispatched).toEqual([ACCEPT, MARK]);
  });

  test('given where it leaves go with it', () => {
    const { holder, follower } = pair(home({ call: 'connected' }));
    follower.feed({ type: 'move_here' });
    holder.feed({ type: 'message', message: { type: 'want', from: 'follower', live: true } });
    holder.do({ type: 'command', command: HANG_UP });
    expect(follower.running).toBe(true);
    follower.draws(home());
    expect(follower.dispatched, 'the call is not here yet').toEqual([]);
    follower.draws(home({ call: 'connected' }));
    expect([holder.dispatched, follower.dispatched]).toEqual([[], [HANG_UP]]);
  });

  test('stay where it goes on because the other window is gone', () => {
    const { holder } = pair(home());
    holder.do({ type: 'message', message: { type: 'want', from: 'gone', live: false } });
    holder.do({ type: 'command', command: MARK });
    expect(holder.dispatched).toEqual([]);
    holder.times();
    holder.draws(home());
    expect(holder.dispatched).toEqual([MARK]);
  });

  test('of a third window wait for the new holder', () => {
    const { profile, holder, follower } = pair(home());
    const third = profile.open('third');
    holder.frozen = true;
    third.do({ type: 'command', command: MARK });
    follower.do({ type: 'command', command: PLACE });
    follower.times();
    follower.draws(home());
    expect(follower.dispatched).toEqual([PLACE, MARK]);
    third.do({ type: 'command', command: HANG_UP });
    expect(follower.dispatched, 'none twice').toEqual([PLACE, MARK, HANG_UP]);
  });
});

test('a second click does not ask twice', () => {
  const { holder, follower } = pair(home({ rings: ['c1'] }));
  holder.frozen = true;
  follower.do({ type: 'command', command: ACCEPT });
  follower.do({ type: 'command', command: ACCEPT });
  follower.times();
  follower.draws(home({ rings: ['c1'] }));
  expect(follower.dispatched).toEqual([ACCEPT]);
});

describe('a call whose window is gone', () => {
  const CALL = home({ call: 'connected' });

  test('is left by a hidden window, which opens nothing', () => {
    const { profile, holder, follower } = pair(CALL);
    follower.do({ type: 'seen', seen: false });
    profile.close(holder);
    expect(follower.running, 'the call may belong to a window that loads anew').toBe(false);
    follower.times();
    expect([follower.running, follower.call]).toEqual([true, 'leave']);
  });

  test('is asked for in a window that is seen, and goes on there by a press', () => {
    const { profile, holder, follower } = pair(CALL);
    profile.close(holder);
    expect([follower.running, follower.seat]).toEqual([false, 'elsewhere']);
    follower.times();
    expect([follower.running, follower.seat]).toEqual([false, 'left']);
    follower.do({ type: 'move_here' });
    expect([follower.running, follower.call, follower.seat]).toEqual([true, 'take_up', 'here']);
  });

  test('ends by a press, or when nobody answers the question', () => {
    for (const end of [
      { type: 'command', command: HANG_UP },
      { type: 'timeout' },
    ] satisfies TabInput[]) {
      const { profile, holder, follower } = pair(CALL);
      profile.close(holder);
      follower.times();
      follower.do(end);
      expect([follower.running, follower.call, follower.seat]).toEqual([true, 'leave', 'here']);
      follower.draws(home());
      expect(follower.dispatched, 'leaving it is all').toEqual([]);
    }
  });

  test('is asked for in a hidden window that the person comes back to in time', () => {
    const { profile, holder, follower } = pair(CALL);
    follower.do({ type: 'seen', seen: false });
    profile.close(holder);
    follower.do({ type: 'seen', seen: true });
    follower.times();
    expect([follower.running, follower.seat]).toEqual([false, 'left']);
    follower.do({ type: 'seen', seen: false });
    follower.times();
    expect([follower.running, follower.call], 'nobody sees the question').toEqual([true, 'leave']);
  });

  test('goes back to a window that was only loaded anew', () => {
    for (const seen of [true, false]) {
      const { profile, holder, follower } = pair(CALL);
      follower.do({ type: 'seen', seen });
      profile.close(holder);
      const again = profile.open('again');
      again.do({ type: 'move_here' });
      expect([again.running, again.call, follower.running]).toEqual([true, 'take_up', false]);
    }
  });

  test('does not keep a person from another one', () => {
    const { profile, holder, follower } = pair(home({ call: 'connected', rings: ['c1'] }));
    profile.close(holder);
    follower.do({ type: 'command', command: ACCEPT });
    expect([follower.running, follower.call]).toEqual([true, 'leave']);
    follower.draws(home({ rings: ['c1'] }));
    expect(follower.dispatched).toEqual([ACCEPT]);
  });

  test('is asked of one window at a time', () => {
    const { profile, holder, follower } = pair(CALL);
    const third = profile.open('third');
    profile.close(holder);
    follower.times();
    expect([follower.seat, third.seat, third.running]).toEqual(['left', 'elsewhere', false]);
    third.do({ type: 'move_here' });
    expect([follower.seat, third.running, third.call]).toEqual(['elsewhere', true, 'take_up']);
  });
});

describe('a window that is loaded while nobody sees it', () => {
  test('takes up no call, whatever is kept of one', () => {
    const window = new Profile().open('restored', false);
    expect(window.running).toBe(false);
    window.times();
    expect([window.running, window.call]).toEqual([true, 'leave']);
  });

  test('takes up its own when the person looks at it in time', () => {
    const window = new Profile().open('restored', false);
    window.do({ type: 'seen', seen: true });
    expect([window.running, window.call]).toEqual([true, 'take_up']);
  });

  test('takes up none that it was moved to by its own loading', () => {
    const profile = new Profile();
    const holder = profile.open('holder');
    holder.draws(home({ call: 'connected' }));
    const again = profile.open('again', false);
    again.do({ type: 'reloaded' });
    expect([holder.running, again.running]).toEqual([true, false]);
    again.do({ type: 'seen', seen: true });
    expect([again.running, again.call]).toEqual([true, 'take_up']);
  });

  test('a hidden window that another one does not take the core from goes on without the call', () => {
    const { holder } = pair(home({ call: 'connected' }));
    holder.do({ type: 'seen', seen: false });
    holder.do({ type: 'message', message: { type: 'want', from: 'gone', live: true } });
    holder.times();
    expect(holder.running).toBe(false);
    holder.times();
    expect([holder.running, holder.call]).toEqual([true, 'leave']);
  });
});
