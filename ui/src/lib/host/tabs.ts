import type { Command, View } from '../bindings';
import type { Seat } from './host';
import { type Numbered, Outbox } from './outbox';

/**
 * Which window of a browser profile holds the core. Pure: `web.ts` brings the lock, the channel,
 * the timer and the core.
 *
 * ```
 *              lock                          settled, or 5 s
 *  following ────────► settling ───────────────────────────► holding
 *    │    ▲  │           ▲   ▲                               │     │
 *    │    │  │ lock, but │   │ lock (stolen)      wanted     │     │ lock stolen
 *    │    │  │ a call    │ said, or 3 s and 30 s             ▼     ▼
 *    │    │  └──────► waiting  │                yielding ──────► following
 *    │    │ refused            │
 *    ▼    │                    │
 *   asking ──moved, 500 ms──► stealing
 * ```
 *
 * A call opens a microphone and a camera. It comes along where a person moved it, or into a window
 * that is loaded while they look at it, and nowhere else: a window that holds the core because the
 * call's own one is gone asks, and one that nobody sees leaves the call.
 *
 * A window keeps each command until a core took it, and hands all that are left to whoever holds
 * the core: none is lost while it moves, none is carried out twice or out of turn.
 */
type State =
  /** Another window holds the core. */
  | { at: 'following'; view: View | null }
  /** The holder was asked to let go, `live` for its call. */
  | { at: 'asking'; view: View | null; live: boolean }
  /** The holder let go, or does not answer. */
  | { at: 'stealing'; view: View | null; live: boolean }
  /**
   * The lock is here, and a call that was in another window or in an earlier run may be as well.
   * `asks`: the person reads the question.
   */
  | { at: 'waiting'; view: View | null; asks: boolean }
  /** The core starts here. `before` is what the person saw of the last holder. */
  | { at: 'settling'; before: View | null; view: View | null }
  /** The core is here. */
  | { at: 'holding'; view: View }
  /** The core stops here for another window. */
  | { at: 'yielding'; view: View | null; to: string };

/** What becomes of a call that is kept, when a core starts. */
export type KeptCall = 'take_up' | 'leave';

/** What windows tell each other. */
export type Message =
  /** A new window asks for the view. */
  | { type: 'hello' }
  /** From the holder. */
  | { type: 'view'; view: View }
  /** From the holder: it takes commands. */
  | { type: 'ready' }
  /** For the holder: all that no core took yet of the window `from`, in its order. */
  | { type: 'commands'; from: string; commands: Numbered[] }
  /** From the holder: commands of the window `from` up to this number went to its core. */
  | { type: 'taken'; from: string; number: number }
  /** Asks the holder to let go, of a live call only if `live`. */
  | { type: 'want'; from: string; live: boolean }
  /** The holder is in a call. */
  | { type: 'refused'; to: string }
  /** The holder stopped its core; its records are written. */
  | { type: 'moved'; to: string };

export type TabInput =
  | { type: 'locked' }
  | { type: 'lock_lost' }
  | { type: 'core_stopped' }
  | { type: 'core_view'; view: View }
  | { type: 'message'; message: Message }
  | { type: 'command'; command: Command }
  | { type: 'move_here' }
  /** This window was loaded anew, and held the core before. */
  | { type: 'reloaded' }
  /** Whether somebody can see this window; it counts as seen until it is said. */
  | { type: 'seen'; seen: boolean }
  | { type: 'timeout' };

export type TabOutput =
  | { type: 'start_core'; call: KeptCall }
  /** Answered by `core_stopped`. */
  | { type: 'stop_core' }
  | { type: 'dispatch'; command: Command }
  | { type: 'post'; message: Message }
  | { type: 'show'; view: View }
  | { type: 'seat'; seat: Seat }
  /** Answered by `locked`. */
  | { type: 'steal_lock' }
  /** `timeout` in so many ms, in place of the timer before; `null` stops it. */
  | { type: 'timer'; ms: number | null };

/** How long a holder may take to answer, in ms. A frozen window never does. */
const ANSWER_MS = 500;
/** How long a core may take until a call can be placed or accepted, in ms. */
const SETTLE_MS = 5_000;
/**
 * How long a call waits for its own window, which may only be loading anew, in ms. Longer leaves the
 * others of the call in silence for longer after it was closed.
 */
const RELOAD_MS = 3_000;
/**
 * How long a person is asked about it, in ms. With the wait before and the time to connect it is within
 * the 15 s for which a relay keeps the place of a window that was closed (`SEAT_LEFT_MS`).
 */
const QUESTION_MS = 9_000;
/** How long a holder that let go waits for the other window to take over, in ms. */
const TAKE_OVER_MS = 1_000;

export class Tabs {
  readonly #self: string;
  readonly #outputs: TabOutput[] = [];
  #state: State = { at: 'following', view: null };
  #seen = true;
  /** Was loaded anew while nobody looked: what it held belongs here when somebody does. */
  #returns = false;
  readonly #outbox = new Outbox();
  /** The last command of each other window that a core took. */
  readonly #taken = new Map<string, number>();

  /** `self` names this window among the others; `shown` is on its screen until a view comes. */
  constructor(self: string, shown: View | null = null) {
    this.#self = self;
    this.#state = { at: 'following', view: shown };
  }

  handle(input: TabInput): TabOutput[] {
    switch (input.type) {
      case 'locked':
        this.#onLocked();
        break;
      case 'lock_lost':
        this.#onLockLost();
        break;
      case 'core_stopped':
        if (this.#state.at === 'yielding') {
          this.#post({ type: 'moved', to: this.#state.to });
          this.#timer(TAKE_OVER_MS);
        }
        break;
      case 'core_view':
        this.#onCoreView(input.view);
        break;
      case 'message':
        this.#onMessage(input.message);
        break;
      case 'command':
        this.#onCommand(input.command);
        break;
      case 'move_here':
        this.#onMoveHere();
        break;
      case 'reloaded':
        this.#returns = true;
        if (this.#seen) this.#onReturn();
        break;
      case 'seen':
        this.#onSeen(input.seen);
        break;
      case 'timeout':
        this.#onTimeout();
        break;
    }
    return this.#outputs.splice(0);
  }

  #onLocked(): void {
    const state = this.#state;
    switch (state.at) {
      case 'following':
        return this.#begin(state.view);
      case 'asking':
      case 'stealing':
        return this.#settle(state.view, state.live || !isInCall(state.view) ? 'take_up' : 'leave');
      case 'waiting':
      case 'settling':
      case 'holding':
      case 'yielding':
        return;
    }
  }

  #onLockLost(): void {
    const state = this.#state;
    switch (state.at) {
      case 'settling':
      case 'holding':
        this.#outputs.push({ type: 'stop_core' });
        return this.#follow(shownOf(state));
      case 'waiting':
      case 'yielding':
        return this.#follow(state.view);
      case 'following':
      case 'asking':
      case 'stealing':
        return;
    }
  }

  #onCoreView(view: View): void {
    const state = this.#state;
    switch (state.at) {
      case 'settling': {
        this.#state = { ...state, view };
        // Loading and an empty home would only flicker over what the person already sees.
        if (state.before === null || isSettled(view)) this.#show(view);
        this.#dispatchWhile((command) => isReadyFor(command, state.before, view));
        if (this.#outbox.isEmpty && isSettled(view) && isCallBack(state.before, view))
          this.#hold(view);
        return;
      }
      case 'holding':
        this.#state = { at: 'holding', view };
        return this.#show(view);
      case 'following':
      case 'asking':
      case 'stealing':
      case 'waiting':
      case 'yielding':
        return;
    }
  }

  #onMessage(message: Message): void {
    const state = this.#state;
    const holds = state.at === 'holding' || state.at === 'settling';
    switch (message.type) {
      case 'hello':
        if (holds) this.#answerHello(shownOf(state));
        if (state.at === 'waiting') this.#answerHello(state.view);
        if (state.at === 'holding') this.#post({ type: 'ready' });
        return;
      case 'view':
        if (state.at === 'following' || state.at === 'asking') {
          this.#state = { ...state, view: message.view };
          this.#outputs.push(
            { type: 'seat', seat: 'elsewhere' },
            { type: 'show', view: message.view },
          );
        }
        return;
      case 'ready':
        // A window that yields may hear it before it knows that its lock is gone.
        if (state.at === 'following' || state.at === 'yielding') this.#handOver();
        return;
      case 'commands':
        if (state.at === 'holding') this.#take(message.from, message.commands);
        return;
      case 'taken':
        return this.#onTaken(message.from, message.number);
      case 'want':
        if (state.at === 'waiting' && message.from !== this.#self) {
          this.#state = { at: 'yielding', view: state.view, to: message.from };
          this.#post({ type: 'moved', to: message.from });
          return this.#timer(TAKE_OVER_MS);
        }
        if (!holds || message.from === this.#self) return;
        if (!message.live && isInCall(shownOf(state))) {
          return this.#post({ type: 'refused', to: message.from });
        }
        this.#state = { at: 'yielding', view: shownOf(state), to: message.from };
        this.#timer(null);
        this.#outputs.push({ type: 'stop_core' });
        return;
      case 'refused':
        if (state.at !== 'asking' || message.to !== this.#self) return;
        this.#timer(null);
        this.#state = { at: 'following', view: state.view };
        return this.#handOver();
      case 'moved':
        if (state.at === 'asking' && message.to === this.#self) this.#steal(state);
        return;
    }
  }

  #onCommand(command: Command): void {
    const state = this.#state;
    if (state.at === 'waiting' && command.type === 'hang_up') {
      return this.#settle(state.view, 'leave');
    }
    this.#outbox.put(command);
    switch (state.at) {
      case 'following':
        return needsMedia(command) ? this.#ask(state.view, false) : this.#handOver();
      case 'settling':
        if (state.view !== null) this.#onCoreView(state.view);
        return;
      case 'holding':
        return this.#dispatchWhile(() => true);
      case 'waiting':
        if (needsMedia(command)) this.#settle(state.view, 'leave');
        return;
      case 'asking':
      case 'stealing':
      case 'yielding':
        return;
    }
  }

  /** Hands the commands of this window to the core in it, the first that has to wait excepted. */
  #dispatchWhile(ready: (command: Command) => boolean): void {
    for (const command of this.#outbox.takeWhile(ready)) {
      this.#outputs.push({ type: 'dispatch', command });
    }
  }

  /** Hands the commands of this window to the core in another one, until they are `taken`. */
  #handOver(): void {
    if (this.#outbox.isEmpty) return;
    this.#post({ type: 'commands', from: this.#self, commands: this.#outbox.all() });
  }

  /** Commands of another window, some of which a core may have taken already. */
  #take(from: string, commands: Numbered[]): void {
    const before = this.#taken.get(from) ?? 0;
    let last = before;
    for (const { number, command } of commands) {
      if (number <= last) continue;
      this.#outputs.push({ type: 'dispatch', command });
      last = number;
    }
    if (last > before) this.#taken.set(from, last);
    this.#post({ type: 'taken', from, number: last });
  }

  #onTaken(from: string, number: number): void {
    if (from === this.#self) this.#outbox.dropTo(number);
    else this.#taken.set(from, Math.max(number, this.#taken.get(from) ?? 0));
  }

  #onMoveHere(): void {
    const state = this.#state;
    switch (state.at) {
      case 'following':
      case 'asking':
        return this.#ask(state.view, true);
      case 'waiting':
        return this.#settle(state.view, 'take_up');
      case 'stealing':
      case 'settling':
      case 'holding':
      case 'yielding':
        return;
    }
  }

  #onReturn(): void {
    this.#returns = false;
    this.#onMoveHere();
  }

  #onSeen(seen: boolean): void {
    this.#seen = seen;
    if (seen && this.#returns) return this.#onReturn();
    const state = this.#state;
    if (state.at !== 'waiting') return;
    // Nobody was asked anything: the person just opened this window.
    if (seen && state.view === null) return this.#settle(null, 'take_up');
    if (state.asks) this.#timer(seen ? QUESTION_MS : RELOAD_MS);
  }

  #onTimeout(): void {
    const state = this.#state;
    switch (state.at) {
      case 'asking':
        return this.#steal(state);
      case 'settling':
        // The core still loads; what waits would be lost there.
        if (state.view === null) return this.#timer(SETTLE_MS);
        if (state.before !== null) this.#show(state.view);
        // The core says why it can't: not connected, or that the ring is over.
        this.#dispatchWhile(() => true);
        return this.#hold(state.view);
      case 'waiting':
        if (state.asks || !this.#seen) return this.#settle(state.view, 'leave');
        this.#state = { ...state, asks: true };
        this.#outputs.push({ type: 'seat', seat: 'left' });
        return this.#timer(QUESTION_MS);
      case 'yielding':
        // The other window is gone; the lock is still here.
        return this.#seen ? this.#settle(state.view, 'take_up') : this.#begin(state.view);
      case 'following':
      case 'stealing':
      case 'holding':
        return;
    }
  }

  #ask(view: View | null, live: boolean): void {
    this.#state = { at: 'asking', view, live };
    this.#post({ type: 'want', from: this.#self, live });
    this.#timer(ANSWER_MS);
  }

  #steal({ view, live }: { view: View | null; live: boolean }): void {
    this.#timer(null);
    this.#state = { at: 'stealing', view, live };
    this.#outputs.push({ type: 'steal_lock' });
  }

  /** The lock came by itself: nobody asked for what goes on in the core. */
  #begin(view: View | null): void {
    if (isInCall(view) || (view === null && !this.#seen)) {
      this.#state = { at: 'waiting', view, asks: false };
      return this.#timer(RELOAD_MS);
    }
    this.#settle(view, this.#seen ? 'take_up' : 'leave');
  }

  #settle(shown: View | null, call: KeptCall): void {
    const before = call === 'leave' ? withoutCall(shown) : shown;
    this.#returns = false;
    this.#state = { at: 'settling', before, view: null };
    this.#outputs.push({ type: 'seat', seat: 'here' });
    if (before !== null && before !== shown) this.#show(before);
    this.#outputs.push({ type: 'start_core', call });
    this.#timer(SETTLE_MS);
  }

  #hold(view: View): void {
    this.#state = { at: 'holding', view };
    this.#timer(null);
    this.#post({ type: 'ready' });
  }

  #follow(view: View | null): void {
    this.#timer(null);
    this.#state = { at: 'following', view };
    this.#outputs.push({ type: 'seat', seat: 'elsewhere' });
    // The new holder may have posted its view before this window listened to it.
    this.#post({ type: 'hello' });
  }

  #show(view: View): void {
    this.#outputs.push({ type: 'show', view });
    this.#post({ type: 'view', view });
  }

  #answerHello(view: View | null): void {
    if (view !== null) this.#post({ type: 'view', view });
  }

  #post(message: Message): void {
    this.#outputs.push({ type: 'post', message });
  }

  #timer(ms: number | null): void {
    this.#outputs.push({ type: 'timer', ms });
  }
}

/** The view on the screen of a window that has, or had, the core. */
function shownOf(state: Extract<State, { at: 'settling' | 'holding' }>): View | null {
  return state.at === 'settling' ? (state.before ?? state.view) : state.view;
}

/** Commands that open a microphone or show a picture, which belong to the window of the person. */
function needsMedia(command: Command): boolean {
  return command.type === 'place_call' || command.type === 'accept_call';
}

function isSettled({ account }: View): boolean {
  switch (account.type) {
    case 'loading':
      return false;
    case 'signed_out':
      return true;
    case 'signed_in':
      return account.ready;
  }
}

/** Whether a core that starts can carry this out. `before` is what the person saw when asking. */
function isReadyFor(command: Command, before: View | null, view: View): boolean {
  const { account, relay } = view;
  if (account.type !== 'signed_in') return isSettled(view);
  if (command.type === 'place_call') return account.ready && relay.type === 'online';
  if (command.type === 'accept_call' || command.type === 'decline_call') {
    return account.ready && account.rings.some(({ call }) => call === command.call);
  }
  const meansCall = command.type === 'hang_up' || command.type === 'set_slot';
  return !meansCall || isCallBack(before, view);
}

/** Whether the call that the person saw has come along. */
function isCallBack(before: View | null, { account }: View): boolean {
  return !isInCall(before) || account.type !== 'signed_in' || account.call !== null;
}

function withoutCall(view: View | null): View | null {
  if (view?.account.type !== 'signed_in' || view.account.call === null) return view;
  return { ...view, account: { ...view.account, call: null } };
}

function isInCall(view: View | null): boolean {
  if (view?.account.type !== 'signed_in') return false;
  const { call } = view.account;
  return call !== null && call.stage.type !== 'ended';
}
