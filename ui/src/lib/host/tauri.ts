import type {
  Alert,
  Command,
  ConversationId,
  Link,
  PeerCommand,
  PeerEvent,
  PeerId,
  View,
} from '../bindings';
import type { Peers } from '../rtc/peers';
import type { Door } from '../rtc/native-media';
import { trace } from '../trace';
import { commands, events } from './desktop-bindings';
import type {
  Card,
  Desktop,
  Host,
  Keeping,
  Seat,
  ShortcutProblem,
  SoundDevices,
  UpdateState,
} from './host';
import { Latest } from './latest';

/** The peers of the webview, which end when another core takes over. */
interface OwnedPeers extends Peers {
  closeAll(): void;
}

/** The desktop's side of the door: the core runs in the program around this window. */
export class TauriHost implements Host {
  readonly #views = new Latest<View>();
  readonly #keeping = new Latest<Keeping>({ type: 'opening' });
  readonly #alerts = new Set<(alert: Alert) => void>();
  readonly #links = new Latest<Link>();
  readonly #updates = new Latest<UpdateState>({ type: 'elsewhere' });
  readonly #opens = new Set<(conversation: ConversationId) => void>();
  readonly #hasPeers: boolean;

  /** `peers` carries out connections; null where the webview has none, and the program does. */
  constructor(peers: OwnedPeers | null) {
    this.#hasPeers = peers !== null;
    const listening = [
      events.shown.listen(({ payload }) => this.#views.set(payload as View)),
      events.kept.listen(({ payload }) => this.#keeping.set(payload)),
      events.opened.listen(({ payload }) => {
        for (const listener of this.#opens) listener(payload);
      }),
      events.linked.listen(({ payload }) => this.#links.set(payload)),
      events.updateTold.listen(({ payload }) => this.#updates.set(payload)),
      events.alerted.listen(({ payload }) => {
        for (const listener of this.#alerts) listener(payload as Alert);
      }),
    ];
    if (peers) {
      peers.onEvent((peer: PeerId, event: PeerEvent) => send(commands.peerEvent(peer, event)));
      listening.push(
        events.ordered.listen(({ payload: { peer, command } }) =>
          peers.carryOut(peer, command as PeerCommand),
        ),
        events.letGo.listen(() => peers.closeAll()),
      );
    }
    // Nothing may be missed: the program says all it knows once this window listens.
    void Promise.all(listening).then(() => {
      send(commands.attach(peers !== null));
      send(commands.updateState().then((state) => this.#updates.set(state)));
    });
  }

  dispatch(command: Command): void {
    send(commands.dispatch(command));
  }

  onView(listener: (view: View) => void): () => void {
    return this.#views.listen(listener);
  }

  onAlert(listener: (alert: Alert) => void): () => void {
    this.#alerts.add(listener);
    return () => this.#alerts.delete(listener);
  }

  onSeat(listener: (seat: Seat) => void): () => void {
    listener('here');
    return () => undefined;
  }

  onOpen(listener: (conversation: ConversationId) => void): () => void {
    this.#opens.add(listener);
    return () => this.#opens.delete(listener);
  }

  moveHere(): void {
    // It never is elsewhere: the app runs once.
  }

  readonly desktop: Desktop = {
    onKeeping: (listener) => this.#keeping.listen(listener),
    onLink: (listener) => this.#links.listen(listener),
    unlock: (passphrase) => commands.unlock(passphrase),
    keepInMemory: () => send(commands.keepInMemory()),
    soundDevices: async (): Promise<SoundDevices | null> =>
      this.#hasPeers ? null : commands.soundDevices(),
    testDevices: async (on) => void (await commands.testDevices(on)),
    testMicrophone: async (device) => (this.#hasPeers ? false : commands.testMicrophone(device)),
    readMicrophone: () => commands.readMicrophone(),
    endMicrophoneTest: async () => void (await commands.endMicrophoneTest()),
    preferences: () => commands.appPreferences(),
    setRinging: async (ringing) => void (await commands.setRingPreferences(ringing)),
    autostart: () => commands.autostart(),
    setAutostart: async (on) => void (await commands.setAutostart(on)),
    onUpdate: (listener) => this.#updates.listen(listener),
    lookForUpdate: async () => void (await commands.lookForUpdate()),
    installUpdate: async () => void (await commands.installUpdate()),
    setMuteShortcut: async (keys) => {
      try {
        await commands.setMuteShortcut(keys);
        return null;
      } catch (problem) {
        return problem as ShortcutProblem;
      }
    },
  };

  /** What the media of this window need of the program where the webview has no peers. */
  readonly door: Door = {
    // JSON has no NaN, so the types allow for null; none of them ever is.
    figures: (peer) => commands.figures(peer) as ReturnType<Door['figures']>,
    open: () => commands.openDoor(),
    onWanted: (listener) => void events.picturesWanted.listen(() => listener()),
  };
}

/** The door of the ringing window: what it shows, and its three buttons. */
export function ringDoor(): {
  card: Card | null;
  accept: (call: string) => void;
  decline: (call: string) => void;
  open: (call: string) => void;
} {
  return {
    card: (globalThis as { ringing?: Card }).ringing ?? null,
    accept: (call) => send(commands.ringAccept(call)),
    decline: (call) => send(commands.ringDecline(call)),
    open: (call) => send(commands.ringOpen(call)),
  };
}

function send(sent: Promise<unknown>): void {
  sent.catch((error: unknown) => trace('the program did not take it', error));
}
