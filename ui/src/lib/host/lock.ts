import type { Hands } from './core';
import { within } from './timeout';

/** The lock of the window that holds the core. */
const CORE = 'bellwire';
/** How long a browser may take to grant a lock that nobody else wants, in ms. */
const GRANT_MS = 2_000;

/** Who hears of the lock. */
export interface LockListener {
  onHeld(): void;
  /** The core has to stop at once: another window starts one. */
  onLost(): Promise<void>;
}

/** This window's hold on the core, or its place in the queue. */
export class CoreLock {
  readonly #locks: LockManager;
  readonly #listener: LockListener;
  /** A lock that only this window has, to find the window among the holders. */
  readonly #mark: string;
  /** Whether windows can agree on one of them here: locks are granted. */
  readonly works: Promise<boolean>;
  /** Ends waiting. */
  #queued: AbortController | null = null;
  /** Lets go. */
  #release: (() => void) | null = null;
  #suspended = false;
  /** The browser has locks and does not let this page use them. */
  #refused = false;

  constructor(locks: LockManager, window: string, listener: LockListener) {
    this.#locks = locks;
    this.#listener = listener;
    this.#mark = `${CORE}-window-${window}`;
    this.works = within(
      GRANT_MS,
      new Promise<void>((granted, refused) => {
        const held = (): Promise<never> => {
          granted();
          return new Promise(() => undefined);
        };
        locks.request(this.#mark, held).catch(refused);
      }),
    ).then(
      () => true,
      (error: unknown) => {
        this.#onUnheld(error);
        return false;
      },
    );
  }

  /** Waits behind the other windows until the holder closes. */
  queue(): void {
    if (this.#queued || this.#release) return;
    const queued = new AbortController();
    this.#queued = queued;
    this.#locks
      .request(CORE, { signal: queued.signal }, () => this.#hold())
      .catch((error: unknown) => {
        if (!queued.signal.aborted) this.#onUnheld(error);
      });
  }

  steal(): void {
    const held = this.#locks.request(CORE, { steal: true }, () => this.#hold());
    this.#queued?.abort();
    this.#queued = null;
    held.catch((error: unknown) => this.#onUnheld(error));
  }

  /**
   * The browser is about to freeze this window, which could then not answer that its lock is
   * stolen. Lets go when the core is stopped and its records are written.
   */
  async suspend(): Promise<void> {
    if (this.#suspended || this.#refused) return;
    this.#suspended = true;
    this.#queued?.abort();
    this.#queued = null;
    if (!this.#release) return;
    await this.#listener.onLost();
    this.#release?.();
    this.#release = null;
    // It thawed meanwhile.
    if (!this.#suspended) this.queue();
  }

  resume(): void {
    if (!this.#suspended) return;
    this.#suspended = false;
    this.queue();
  }

  /**
   * Whether the lock is here, as the browser itself says. A window that slept may run a timer
   * before it hears that its lock was stolen.
   */
  async isHeld(): Promise<boolean> {
    if (this.#refused) return true;
    if (!this.#release || this.#suspended) return false;
    const { held = [] } = await this.#locks.query();
    const clientOf = (name: string): string | undefined =>
      held.find((lock) => lock.name === name)?.clientId;
    const holder = clientOf(CORE);
    return holder !== undefined && holder === clientOf(this.#mark);
  }

  #hold(): Promise<void> {
    this.#queued = null;
    // Granted too late: this window went on alone.
    if (this.#suspended || this.#refused) return Promise.resolve();
    // Held until the window closes, freezes, or another one steals it.
    const released = new Promise<void>((resolve) => (this.#release = resolve));
    this.#listener.onHeld();
    return released;
  }

  #onUnheld(error: unknown): void {
    this.#release = null;
    if (error instanceof DOMException && error.name === 'AbortError') {
      if (this.#suspended) return;
      void this.#listener.onLost();
      this.queue();
    } else if (!this.#refused) {
      this.#refused = true;
      this.#listener.onHeld();
    }
  }
}

/**
 * Hands that ask before each request whether the core is still here: a refresh token that two
 * cores use looks stolen, and the relay revokes the sign-in. What is not sent is not answered
 * either; the core is about to be stopped.
 */
export function withLock(hands: Hands, lock: Pick<CoreLock, 'isHeld'>): Hands {
  return {
    monotonic: () => hands.monotonic(),
    wall: () => hands.wall(),
    connect: (url) => hands.connect(url),
    race: (url) => hands.race(url),
    callOff: () => hands.callOff(),
    disconnect: () => hands.disconnect(),
    send: (frame) => hands.send(frame),
    fetch: (...request) => {
      void lock.isHeld().then((held) => {
        if (held) hands.fetch(...request);
      });
    },
    wake: (inMs) => hands.wake(inMs),
    keep: (key, record) => hands.keep(key, record),
    forget: (key) => hands.forget(key),
    erase: () => hands.erase(),
    peer: (peer, command) => hands.peer(peer, command),
    alert: (alert) => hands.alert(alert),
    view: (view) => hands.view(view),
  };
}
