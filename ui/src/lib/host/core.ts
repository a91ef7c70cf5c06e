import type { Alert, Command, PathState, PeerCommand, PeerEvent, PeerId, View } from '../bindings';
import type { Peers } from '../rtc/peers';
import { Alarm } from './alarm';
import { trace } from '../trace';
import type { Records } from './records';

/** The wasm client, as `crates/web` exports it. */
export interface WasmClient {
  loaded(records: string[]): void;
  dispatch(command: string): boolean;
  peerEvent(peer: number, event: string): boolean;
  tick(): void;
  opened(): void;
  closed(code?: number | null): void;
  raceLost(): void;
  frame(text: string): void;
  malformed(): void;
  networkChanged(): void;
  replied(id: number, status: number, body: string): void;
  unreachable(id: number): void;
  free(): void;
}

/** What the wasm client does through the page: `PageHands` of `crates/web`. */
export interface Hands {
  monotonic(): number;
  wall(): number;
  connect(url: string): void;
  race(url: string): void;
  callOff(): void;
  disconnect(): void;
  send(frame: string): void;
  fetch(
    id: number,
    method: string,
    url: string,
    bearer?: string | null,
    body?: string | null,
  ): void;
  wake(inMs: number): void;
  keep(key: string, record: string): void;
  forget(key: string): void;
  erase(): void;
  peer(peer: number, command: string): void;
  alert(alert: string): void;
  view(view: string): void;
}

/** Who hears of a core. */
export interface Listener {
  onView(view: View): void;
  onAlert(alert: Alert): void;
  /** The core failed and will not say anything any more. */
  onCrash(): void;
}

/** The peers of a window, which end with its core. */
export interface OwnedPeers extends Peers {
  closeAll(): void;
}

const SUBPROTOCOL = 'bellwire.v1';
/** As `bellwire_core::HttpReply` says. */
const REPLY_MS = 15_000;
const REPLY_BYTES = 1024 * 1024;
/**
 * Longest that drawing waits for a connection that is being set up, in ms. Drawing the screen of a
 * call takes the main thread for tens of ms, in which descriptions, candidates and the news of a
 * path would wait there. Longer than this a person would see that nothing happened.
 */
const DRAW_MS = 100;
/** A window hidden for longer may have slept through a change of the network, in ms. */
const HIDDEN_MS = 5_000;

/** A core that runs in this window, and its hands. */
export class RunningCore implements Hands {
  readonly #peers: OwnedPeers;
  readonly #records: Records;
  readonly #listener: Listener;
  readonly #alarm = new Alarm(() => this.#enter((client) => client.tick()));
  /** Ends every listener and request. */
  readonly #end = new AbortController();
  #client: WasmClient | null = null;
  #socket: WebSocket | null = null;
  /** The one that is being opened beside it. */
  #racing: WebSocket | null = null;
  /** Peers that drawing waits for, with the description that is under way. */
  readonly #awaited = new Map<PeerId, 'offer' | 'answer' | 'apply'>();
  /** Peers that had a path; for another description of theirs nothing is in a hurry. */
  readonly #connected = new Set<PeerId>();
  /** A view that waits for them. */
  #undrawn: string | null = null;
  #drawing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    make: (hands: Hands) => WasmClient,
    peers: OwnedPeers,
    records: Records,
    kept: string[],
    listener: Listener,
  ) {
    this.#peers = peers;
    this.#records = records;
    this.#listener = listener;
    this.#client = make(this);
    const stopListening = peers.onEvent((peer, event) => this.#onPeerEvent(peer, event));
    this.#end.signal.addEventListener('abort', stopListening);
    this.#watchNetwork();
    this.#enter((client) => client.loaded(kept));
  }

  dispatch(command: Command): void {
    this.#enter((client) => client.dispatch(JSON.stringify(command)));
  }

  /** Lets go of everything without signing out or hanging up; another core can go on. */
  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#release();
    client?.free();
    await this.#records.settled();
  }

  monotonic(): number {
    return performance.now();
  }

  wall(): number {
    return Date.now();
  }

  connect(url: string): void {
    this.disconnect();
    this.#socket = this.#open(url);
    // Not a URL, or one that the page may not open.
    if (!this.#socket) queueMicrotask(() => this.#enter((client) => client.closed(null)));
  }

  race(url: string): void {
    this.callOff();
    this.#racing = this.#open(url);
    if (!this.#racing) queueMicrotask(() => this.#enter((client) => client.raceLost()));
  }

  callOff(): void {
    const socket = this.#racing;
    this.#racing = null;
    socket?.close();
  }

  #open(url: string): WebSocket | null {
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, SUBPROTOCOL);
    } catch {
      return null;
    }
    const whileCurrent = (work: (client: WasmClient) => void): void => {
      if (this.#socket === socket) this.#enter(work);
    };
    socket.onopen = () => {
      if (this.#racing === socket) {
        const former = this.#socket;
        this.#racing = null;
        this.#socket = socket;
        former?.close();
      }
      whileCurrent((client) => client.opened());
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) =>
      whileCurrent((client) =>
        typeof data === 'string' ? client.frame(data) : client.malformed(),
      );
    socket.onclose = ({ code }) => {
      if (this.#racing === socket) {
        this.#racing = null;
        this.#enter((client) => client.raceLost());
        return;
      }
      whileCurrent((client) => {
        this.#socket = null;
        // 1005 and 1006 are the browser's own: the far end gave none.
        client.closed(code === 1005 || code === 1006 ? null : code);
      });
    };
    return socket;
  }

  disconnect(): void {
    this.callOff();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  send(frame: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  fetch(
    id: number,
    method: string,
    url: string,
    bearer?: string | null,
    body?: string | null,
  ): void {
    void this.#request(method, url, bearer ?? null, body ?? null).then(
      ([status, text]) => this.#enter((client) => client.replied(id, status, text)),
      () => this.#enter((client) => client.unreachable(id)),
    );
  }

  wake(inMs: number): void {
    this.#alarm.set(inMs);
  }

  keep(key: string, record: string): void {
    this.#records.keep(key, record);
  }

  forget(key: string): void {
    this.#records.forget(key);
  }

  erase(): void {
    this.#records.erase();
  }

  peer(peer: number, command: string): void {
    const parsed = JSON.parse(command) as PeerCommand;
    switch (parsed.type) {
      case 'offer':
      case 'answer':
      case 'apply':
        this.#awaited.set(peer, parsed.type);
        break;
      case 'close':
        this.#connected.delete(peer);
        this.#onSettled(peer);
        break;
      case 'open':
      case 'configure':
      case 'add_candidate':
      case 'send':
      case 'control':
      case 'chat':
        break;
    }
    this.#peers.carryOut(peer, parsed);
  }

  alert(alert: string): void {
    this.#listener.onAlert(JSON.parse(alert) as Alert);
  }

  view(view: string): void {
    this.#undrawn = view;
    if (this.#awaited.size === 0) this.#draw();
    else this.#drawing ??= setTimeout(() => this.#waitNoLonger(), DRAW_MS);
  }

  #waitNoLonger(): void {
    this.#awaited.clear();
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    const view = this.#undrawn;
    this.#undrawn = null;
    if (view !== null) this.#listener.onView(JSON.parse(view) as View);
  }

  #onSettled(peer: PeerId): void {
    this.#awaited.delete(peer);
    if (this.#awaited.size === 0) this.#draw();
  }

  /** An offer waits for people; an answered one leads to a path within moments. */
  #onDescribed(peer: PeerId): void {
    if (this.#awaited.get(peer) === 'offer' || this.#connected.has(peer)) this.#onSettled(peer);
  }

  #onPath(peer: PeerId, state: PathState): void {
    switch (state) {
      case 'connected':
        this.#connected.add(peer);
        return this.#onSettled(peer);
      case 'failed':
        return this.#onSettled(peer);
      case 'connecting':
      case 'disconnected':
        return;
    }
  }

  #onPeerEvent(peer: PeerId, event: PeerEvent): void {
    this.#enter((client) => client.peerEvent(peer, JSON.stringify(event)));
    switch (event.type) {
      case 'described':
      case 'applied':
        return this.#onDescribed(peer);
      case 'operation_failed':
        return this.#onSettled(peer);
      case 'path':
        return this.#onPath(peer, event.state);
      case 'candidate':
      case 'channels_open':
      case 'channels_closed':
      case 'control':
      case 'chat':
      case 'slot':
        return;
    }
  }

  /** Every way into the core. A panic there ends it for good: its state is not to be trusted. */
  #enter(work: (client: WasmClient) => unknown): void {
    const client = this.#client;
    if (!client) return;
    try {
      work(client);
    } catch (error) {
      trace('the core failed', error);
      this.#client = null;
      this.#release();
      this.#listener.onCrash();
    }
  }

  #release(): void {
    this.#end.abort();
    clearTimeout(this.#drawing);
    this.#alarm.close();
    this.disconnect();
    this.#peers.closeAll();
  }

  async #request(
    method: string,
    url: string,
    bearer: string | null,
    body: string | null,
  ): Promise<[number, string]> {
    const response = await fetch(url, {
      method,
      body,
      headers: {
        accept: 'application/json',
        ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
        ...(body !== null && { 'content-type': 'application/json' }),
      },
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout(REPLY_MS)]),
    });
    const bytes = await response.arrayBuffer();
    if (bytes.byteLength > REPLY_BYTES) throw new RangeError('reply too long');
    return [response.status, new TextDecoder().decode(bytes)];
  }

  #watchNetwork(): void {
    const { signal } = this.#end;
    const changed = (): void => this.#enter((client) => client.networkChanged());
    // A network that goes is followed by another one at the same moment, or by "online" later.
    for (const event of ['online', 'offline']) addEventListener(event, changed, { signal });

    const connection = (navigator as { connection?: EventTarget & { type?: string } }).connection;
    let type = connection?.type;
    connection?.addEventListener(
      'change',
      () => {
        // The event also tells of every new estimate of the bandwidth.
        if (connection.type === type) return;
        type = connection.type;
        changed();
      },
      { signal },
    );

    let hiddenSince: number | null = null;
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.hidden) {
          hiddenSince = Date.now();
        } else if (hiddenSince !== null) {
          if (Date.now() - hiddenSince > HIDDEN_MS) changed();
          hiddenSince = null;
        }
      },
      { signal },
    );
  }
}
