import type { Command, View } from '../bindings';
import type { Seat } from './host';

/**
 * Which window of a browser profile holds the core. Pure: `web.ts` brings the lock, the channel,
 * the timer and the core.
 *
 * ```
 *              lock                          settled, or 5 s
 *  following ────────► settling ───────────────────────────► holding
 *    │    ▲              ▲                                   │     │
 *    │    │ refused      │ lock (stolen)          wanted     │     │ lock stolen
 *    ▼    │              │                                   ▼     ▼
 *   asking ──moved, 500 ms──► stealing          yielding ──────► following
 * ```
 */
type State =
  /** Another window holds the core. */
  | { at: 'following'; view: View | null }
  /** The holder was asked to let go. */
  | { at: 'asking'; view: View | null; command: Command | null; live: boolean }
  /** The holder let go, or does not answer. */
  | { at: 'stealing'; view: View | null; command: Command | null }
  /** The core starts here. `before` is what the person saw of the last holder. */
  | { at: 'settling'; before: View | null; view: View | null; command: Command | null }
  /** The core is here. */
  | { at: 'holding'; view: View | null }
  /** The core stops here for another window. */
  | { at: 'yielding'; view: View | null; to: string };

/** What windows tell each other. */
export type Message =
  /** A new window asks for the view. */
  | { type: 'hello' }
  /** From the holder. */
  | { type: 'view'; view: View }
  /** For the holder. */
  | { type: 'command'; command: Command }
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
  | { type: 'timeout' };

export type TabOutput =
  | { type: 'start_core' }
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
/** How long a holder that let go waits for the other window to take over, in ms. */
const TAKE_OVER_MS = 1_000;

export class Tabs {
  readonly #self: string;
  readonly #outputs: TabOutput[] = [];
  #state: State = { at: 'following', view: null };

  /** `self` names this window among the others. */
  constructor(self: string) {
    this.#self = self;
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
        return this.#settle(state.view, null);
      case 'asking':
      case 'stealing':
        return this.#settle(state.view, state.command);
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
        if (state.command !== null && isReadyFor(state.command, view)) {
          this.#outputs.push({ type: 'dispatch', command: state.command });
          return this.#hold(view);
        }
        if (state.command === null && isSettled(view)) this.#hold(view);
        return;
      }
      case 'holding':
        this.#state = { at: 'holding', view };
        return this.#show(view);
      case 'following':
      case 'asking':
      case 'stealing':
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
      case 'command':
        if (holds) this.#outputs.push({ type: 'dispatch', command: message.command });
        return;
      case 'want':
        if (!holds || message.from === this.#self) return;
        if (!message.live && state.view !== null && isInCall(state.view)) {
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
        if (state.command !== null) this.#post({ type: 'command', command: state.command });
        return;
      case 'moved':
        if (state.at === 'asking' && message.to === this.#self) this.#steal(state);
        return;
    }
  }

  #onCommand(command: Command): void {
    const state = this.#state;
    switch (state.at) {
      case 'following':
        if (needsMedia(command)) return this.#ask(state.view, command, false);
        return this.#post({ type: 'command', command });
      case 'asking':
      case 'stealing':
        if (needsMedia(command)) this.#state = { ...state, command };
        else this.#post({ type: 'command', command });
        return;
      case 'settling':
        if (needsMedia(command) && state.command !== null) this.#state = { ...state, command };
        else this.#outputs.push({ type: 'dispatch', command });
        return;
      case 'holding':
        this.#outputs.push({ type: 'dispatch', command });
        return;
      case 'yielding':
        return this.#post({ type: 'command', command });
    }
  }

  #onMoveHere(): void {
    const state = this.#state;
    switch (state.at) {
      case 'following':
        return this.#ask(state.view, null, true);
      case 'asking':
        return this.#ask(state.view, state.command, true);
      case 'stealing':
      case 'settling':
      case 'holding':
      case 'yielding':
        return;
    }
  }

  #onTimeout(): void {
    const state = this.#state;
    switch (state.at) {
      case 'asking':
        return this.#steal(state);
      case 'settling':
        // The command is dropped: a ring that is not here by then is over.
        if (state.view !== null && state.before !== null) this.#show(state.view);
        return this.#hold(state.view);
      case 'yielding':
        // The other window is gone; the lock is still here.
        return this.#settle(state.view, null);
      case 'following':
      case 'stealing':
      case 'holding':
        return;
    }
  }

  #ask(view: View | null, command: Command | null, live: boolean): void {
    this.#state = { at: 'asking', view, command, live };
    this.#post({ type: 'want', from: this.#self, live });
    this.#timer(ANSWER_MS);
  }

  #steal({ view, command }: { view: View | null; command: Command | null }): void {
    this.#timer(null);
    this.#state = { at: 'stealing', view, command };
    this.#outputs.push({ type: 'steal_lock' });
  }

  #settle(before: View | null, command: Command | null): void {
    this.#state = { at: 'settling', before, view: null, command };
    this.#outputs.push({ type: 'seat', seat: 'here' }, { type: 'start_core' });
    this.#timer(SETTLE_MS);
  }

  #hold(view: View | null): void {
    this.#state = { at: 'holding', view };
    this.#timer(null);
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

function isReadyFor(command: Command, { account, relay }: View): boolean {
  if (account.type !== 'signed_in' || !account.ready) return false;
  return command.type === 'accept_call'
    ? account.rings.some(({ call }) => call === command.call)
    : relay.type === 'online';
}

function isInCall({ account }: View): boolean {
  return (
    account.type === 'signed_in' && account.call !== null && account.call.stage.type !== 'ended'
  );
}
