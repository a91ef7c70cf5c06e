import type { Alert, Command, ConversationId, View } from '../bindings';
import init, { Client } from '../wasm/bellwire';
import wasmUrl from '../wasm/bellwire_bg.wasm?url';
import { type OwnedPeers, RunningCore } from './core';
import { deviceName } from './device-name';
import { after, provisionalView, noteAccount } from './provisional';
import type { Fault, Host, Seat } from './host';
import { Latest } from './latest';
import { CoreLock, withLock } from './lock';
import { windowNotes } from './notes';
import { Notifications, type Words } from './notifications';
import { type Records, type Unkept, memoryRecords, openRecords } from './records';
import { trace } from '../trace';
import { type KeptCall, type Message, type TabInput, type TabOutput, Tabs } from './tabs';

/** The channel of all windows. */
const NAME = 'bellwire';
/** Two failures within this time, in ms, are a fault that loading again does not mend. */
const CRASH_LOOP_MS = 60_000;
const CRASHED_AT = 'bellwire-crashed-at';

const SEAT = 'bellwire-seat';
/** Under which the core keeps the call it is in: `Record::key` of `core`. */
const CALL = 'call';

/**
 * Whether this window held the core until it was loaded anew. Another one took it over at that
 * moment; a call belongs back where the person is.
 */
function heldBeforeReload(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation?.type === 'reload' && windowNotes.read(SEAT) === 'here';
}

/** The channel of all windows, or null where the browser gives this page none. */
function openChannel(): BroadcastChannel | null {
  try {
    return new BroadcastChannel(NAME);
  } catch (error) {
    trace('windows cannot speak with each other', error);
    return null;
  }
}

/** Browsers freeze hidden windows, and keep pages that were left in case the person comes back. */
function letGoWhileFrozen(lock: CoreLock): void {
  document.addEventListener('freeze', () => void lock.suspend());
  document.addEventListener('resume', () => lock.resume());
  addEventListener('pagehide', ({ persisted }) => {
    if (persisted) void lock.suspend();
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) lock.resume();
  });
}

/** What the browser client is made of. */
export interface WebParts {
  peers: OwnedPeers;
  words: Words;
}

/** The browser's side of the door: the core as WebAssembly, in one of the windows. */
export class WebHost implements Host {
  readonly #parts: WebParts;
  readonly #views = new Latest<View>();
  readonly #seats = new Latest<Seat>('here');
  readonly #faults = new Latest<Fault>();
  readonly #unkept = new Latest<Unkept>();
  readonly #alerts = new Set<(alert: Alert) => void>();
  readonly #opens = new Set<(conversation: ConversationId) => void>();
  readonly #self = crypto.randomUUID?.() ?? String(Math.random());
  /** What is shown until a core has settled. */
  #provisional = provisionalView(location.host);
  readonly #tabs = new Tabs(this.#self, this.#provisional);
  readonly #notifications: Notifications;
  /** Loaded in every window, so that a call can move without waiting for a download. */
  readonly #wasm = init({ module_or_path: wasmUrl });
  readonly #records: Promise<Records>;
  readonly #channel: BroadcastChannel | null;
  readonly #lock: CoreLock | null;
  /** The newest start of a core; the next waits until it is stopped. */
  #core: Promise<RunningCore | null> | null = null;
  #running: RunningCore | null = null;
  /** Resolves when the last core that was stopped has written its records. */
  #stopped: Promise<void> = Promise.resolve();
  /** Which start counts. */
  #turn = 0;
  /** Commands for a core that is still loading. */
  #early: Command[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: WebParts) {
    this.#parts = parts;
    this.#wasm.catch(() => undefined);
    this.#notifications = new Notifications(parts.words, (conversation) => {
      for (const listener of this.#opens) listener(conversation);
    });
    this.#channel = 'locks' in navigator ? openChannel() : null;
    this.#lock = this.#channel
      ? new CoreLock(navigator.locks, this.#self, {
          onHeld: () => this.#handle({ type: 'locked' }),
          onLost: () => {
            this.#handle({ type: 'lock_lost' });
            return this.#stopped;
          },
        })
      : null;
    if (this.#provisional) this.#views.set(this.#provisional);
    this.#records = this.#openRecords();
    this.#watchSeen();
    if (this.#channel && this.#lock) {
      this.#channel.onmessage = ({ data }: MessageEvent<Message>) =>
        this.#handle({ type: 'message', message: data });
      this.#channel.postMessage({ type: 'hello' } satisfies Message);
      this.#lock.queue();
      letGoWhileFrozen(this.#lock);
      if (heldBeforeReload()) this.#handle({ type: 'reloaded' });
    } else {
      this.#handle({ type: 'locked' });
    }
  }

  dispatch(command: Command): void {
    if (this.#provisional && this.#views.value === this.#provisional) {
      this.#provisional = after(this.#provisional, command);
      this.#views.set(this.#provisional);
    }
    this.#handle({ type: 'command', command });
  }

  onView(listener: (view: View) => void): () => void {
    return this.#views.listen(listener);
  }

  onAlert(listener: (alert: Alert) => void): () => void {
    this.#alerts.add(listener);
    return () => this.#alerts.delete(listener);
  }

  onSeat(listener: (seat: Seat) => void): () => void {
    return this.#seats.listen(listener);
  }

  onOpen(listener: (conversation: ConversationId) => void): () => void {
    this.#opens.add(listener);
    return () => this.#opens.delete(listener);
  }

  onFault(listener: (fault: Fault) => void): () => void {
    return this.#faults.listen(listener);
  }

  onUnkept(listener: (why: Unkept) => void): () => void {
    return this.#unkept.listen(listener);
  }

  moveHere(): void {
    this.#handle({ type: 'move_here' });
  }

  #handle(input: TabInput): void {
    for (const output of this.#tabs.handle(input)) this.#perform(output);
  }

  #perform(output: TabOutput): void {
    switch (output.type) {
      case 'start_core':
        return this.#startCore(output.call);
      case 'stop_core':
        this.#stopped = this.#stopCore();
        void this.#stopped.then(() => this.#handle({ type: 'core_stopped' }));
        return;
      case 'dispatch':
        if (this.#running) this.#running.dispatch(output.command);
        else this.#early.push(output.command);
        return;
      case 'post':
        this.#channel?.postMessage(output.message);
        return;
      case 'show':
        noteAccount(output.view.account);
        return this.#views.set(output.view);
      case 'seat':
        windowNotes.write(SEAT, output.seat);
        return this.#seats.set(output.seat);
      case 'steal_lock':
        return this.#lock?.steal();
      case 'timer':
        clearTimeout(this.#timer);
        if (output.ms !== null) {
          this.#timer = setTimeout(() => this.#handle({ type: 'timeout' }), output.ms);
        }
        return;
    }
  }

  #watchSeen(): void {
    const say = (): void => this.#handle({ type: 'seen', seen: !document.hidden });
    document.addEventListener('visibilitychange', say);
    say();
  }

  /**
   * Windows that cannot agree on one core must not share a sign-in either: each use of its token
   * would revoke the other's.
   */
  async #openRecords(): Promise<Records> {
    const unkept = (why: Unkept): void => this.#unkept.set(why);
    if (await this.#lock?.works) return openRecords(unkept);
    unkept(isSecureContext ? 'blocked' : 'insecure');
    return memoryRecords();
  }

  #startCore(call: KeptCall): void {
    const before = this.#core;
    const turn = ++this.#turn;
    this.#core = (async () => {
      await before;
      const kept = this.#records.then((records) => {
        // The relay then hears from the core that this device is not in it any more.
        if (call === 'leave') records.forget(CALL);
        return records.load();
      });
      try {
        await this.#wasm;
      } catch (error) {
        trace('the core could not be loaded', error);
        this.#faults.set({ type: 'load' });
        return null;
      }
      const [records, texts] = [await this.#records, await kept];
      // Stopped, or started anew, while it was loading.
      if (this.#turn !== turn) return null;
      this.#running = new RunningCore(
        (hands) =>
          new Client(
            crypto.getRandomValues(new Uint8Array(32)),
            location.origin,
            deviceName(navigator.userAgent),
            this.#lock ? withLock(hands, this.#lock) : hands,
          ),
        this.#parts.peers,
        records,
        texts,
        {
          onView: (view) => this.#handle({ type: 'core_view', view }),
          onAlert: (alert) => this.#onAlert(alert),
          onCrash: () => this.#onCrash(),
        },
      );
      for (const command of this.#early.splice(0)) this.#running.dispatch(command);
      return this.#running;
    })();
  }

  async #stopCore(): Promise<void> {
    const core = this.#core;
    this.#turn += 1;
    this.#running = null;
    this.#early = [];
    await (await core)?.stop();
  }

  #onAlert(alert: Alert): void {
    for (const listener of this.#alerts) listener(alert);
    if (this.#views.value?.settings.notifications !== false) void this.#notifications.show(alert);
  }

  #onCrash(): void {
    this.#running = null;
    const last = Number(windowNotes.read(CRASHED_AT) ?? 0);
    const now = String(Date.now());
    windowNotes.write(CRASHED_AT, now);
    // Loading again comes back into the same call. Where it cannot be noted, it might do so for ever.
    const noted = windowNotes.read(CRASHED_AT) === now;
    if (noted && Date.now() - last > CRASH_LOOP_MS) location.reload();
    else this.#faults.set({ type: 'crash' });
  }
}
