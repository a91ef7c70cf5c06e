import { expect, test, vi } from 'vitest';
import type { Hands } from './core';
import { CoreLock, withLock } from './lock';

interface Held {
  name: string;
  clientId: string;
  lose: (error: unknown) => void;
}

/** The locks of a browser profile. */
class Browser {
  held: Held[] = [];
  #queue: { name: string; grant: () => void }[] = [];

  /** What the window `clientId` sees. A frozen window does not hear that a lock was stolen. */
  window(clientId: string): LockManager & { frozen: boolean } {
    const request = (
      name: string,
      ...rest: [LockOptions, () => Promise<void>] | [() => Promise<void>]
    ): Promise<void> =>
      new Promise((resolve, reject) => {
        const work = rest[rest.length - 1] as () => Promise<void>;
        const { steal, signal } = rest.length === 2 ? rest[0] : ({} as LockOptions);
        const lose = (error: unknown): void => {
          if (!manager.frozen) reject(error);
        };
        const grant = (): void => {
          const one = { name, clientId, lose };
          this.held.push(one);
          void work().then(() => {
            this.held = this.held.filter((other) => other !== one);
            resolve();
            this.#next(name);
          });
        };
        if (steal) {
          for (const one of this.held.filter((one) => one.name === name)) {
            this.held = this.held.filter((other) => other !== one);
            one.lose(new DOMException('stolen', 'AbortError'));
          }
          return grant();
        }
        const waiting = { name, grant };
        signal?.addEventListener('abort', () => {
          this.#queue = this.#queue.filter((one) => one !== waiting);
          reject(new DOMException('aborted', 'AbortError'));
        });
        this.#queue.push(waiting);
        this.#next(name);
      });
    const manager = {
      frozen: false,
      request,
      query: () => Promise.resolve({ held: [...this.held], pending: [] }),
    };
    return manager as unknown as LockManager & { frozen: boolean };
  }

  #next(name: string): void {
    if (this.held.some((one) => one.name === name)) return;
    const next = this.#queue.find((one) => one.name === name);
    this.#queue = this.#queue.filter((one) => one !== next);
    next?.grant();
  }
}

function open(browser: Browser, name: string) {
  const locks = browser.window(name);
  const listener = { onHeld: vi.fn(), onLost: vi.fn(() => Promise.resolve()) };
  const lock = new CoreLock(locks, name, listener);
  lock.queue();
  return { lock, locks, listener };
}

test('the first window holds the core; a stolen lock is told of and waited for', async () => {
  const browser = new Browser();
  const [one, two] = [open(browser, 'one'), open(browser, 'two')];
  expect(one.listener.onHeld).toHaveBeenCalledTimes(1);
  expect([await one.lock.isHeld(), await two.lock.isHeld()]).toEqual([true, false]);
  two.lock.steal();
  await vi.waitFor(() => expect(one.listener.onLost).toHaveBeenCalledTimes(1));
  expect([await one.lock.isHeld(), await two.lock.isHeld()]).toEqual([false, true]);
  await two.lock.suspend();
  await vi.waitFor(() => expect(one.listener.onHeld).toHaveBeenCalledTimes(2));
});

test('a window that slept sends no request before it knows that its lock is gone', async () => {
  const browser = new Browser();
  const [one, two] = [open(browser, 'one'), open(browser, 'two')];
  const fetch = vi.fn();
  const hands = withLock({ fetch } as unknown as Hands, one.lock);
  hands.fetch(1, 'POST', '/auth/refresh', null, '{}');
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(1));
  one.locks.frozen = true;
  two.lock.steal();
  hands.fetch(2, 'POST', '/auth/refresh', null, '{}');
  expect(await one.lock.isHeld()).toBe(false);
  expect(one.listener.onLost, 'it did not hear').not.toHaveBeenCalled();
  expect(fetch, 'only the first').toHaveBeenCalledTimes(1);
});

test('a window that freezes stops its core first, then lets go, and queues when it thaws', async () => {
  const browser = new Browser();
  const [one, two] = [open(browser, 'one'), open(browser, 'two')];
  let stopped = (): void => undefined;
  one.listener.onLost.mockReturnValue(new Promise<void>((resolve) => (stopped = resolve)));
  const suspended = one.lock.suspend();
  expect(one.listener.onLost).toHaveBeenCalledTimes(1);
  expect(await one.lock.isHeld(), 'nothing more is sent').toBe(false);
  expect(two.listener.onHeld, 'records are being written').not.toHaveBeenCalled();
  stopped();
  await suspended;
  await vi.waitFor(() => expect(two.listener.onHeld).toHaveBeenCalledTimes(1));
  one.lock.resume();
  expect(one.listener.onHeld).toHaveBeenCalledTimes(1);
  two.locks.frozen = true;
  await two.lock.suspend();
  await vi.waitFor(() => expect(one.listener.onHeld).toHaveBeenCalledTimes(2));
});

test('a window that thaws while its core stops holds it again', async () => {
  const { lock, listener } = open(new Browser(), 'one');
  const suspended = lock.suspend();
  lock.resume();
  await suspended;
  await vi.waitFor(() => expect(listener.onHeld).toHaveBeenCalledTimes(2));
  expect(await lock.isHeld()).toBe(true);
});

test('a frozen window does not wait for the core', async () => {
  const browser = new Browser();
  const [one, two, three] = [open(browser, 'one'), open(browser, 'two'), open(browser, 'three')];
  await two.lock.suspend();
  await one.lock.suspend();
  await vi.waitFor(() => expect(three.listener.onHeld).toHaveBeenCalledTimes(1));
  expect(two.listener.onHeld).not.toHaveBeenCalled();
});

test('a page that may not use locks holds the core of its own', async () => {
  const request = () => Promise.reject(new DOMException('no', 'SecurityError'));
  const listener = { onHeld: vi.fn(), onLost: vi.fn(() => Promise.resolve()) };
  const lock = new CoreLock({ request } as unknown as LockManager, 'one', listener);
  lock.queue();
  await vi.waitFor(() => expect(listener.onHeld).toHaveBeenCalledTimes(1));
  expect(await lock.isHeld()).toBe(true);
});

test('a browser whose locks never answer leaves a window to itself, and says so', async () => {
  vi.useFakeTimers();
  const request = () => new Promise(() => undefined);
  const listener = { onHeld: vi.fn(), onLost: vi.fn(() => Promise.resolve()) };
  const lock = new CoreLock({ request } as unknown as LockManager, 'one', listener);
  lock.queue();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await lock.works).toBe(false);
  expect(listener.onHeld).toHaveBeenCalledTimes(1);
  expect(await lock.isHeld()).toBe(true);
  vi.useRealTimers();
});
