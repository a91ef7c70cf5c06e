import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PeerEvent, PeerId } from '../bindings';
import { type Hands, type Listener, type OwnedPeers, RunningCore, type WasmClient } from './core';
import { memoryRecords } from './records';

/** A client that notes what reaches it. */
class FakeClient implements WasmClient {
  readonly heard: string[] = [];
  broken = false;
  loaded = (records: string[]): void => this.#hear(`loaded ${records.length}`);
  dispatch = (command: string): boolean => (this.#hear(command), true);
  peerEvent = (peer: number, event: string): boolean => (this.#hear(`${peer} ${event}`), true);
  tick = (): void => this.#hear('tick');
  opened = (): void => this.#hear('opened');
  closed = (code?: number | null): void => this.#hear(`closed ${code}`);
  raceLost = (): void => this.#hear('race lost');
  frame = (text: string): void => this.#hear(`frame ${text}`);
  malformed = (): void => this.#hear('malformed');
  networkChanged = (): void => this.#hear('network changed');
  replied = (id: number, status: number, body: string): void =>
    this.#hear(`replied ${id} ${status} ${body}`);
  unreachable = (id: number): void => this.#hear(`unreachable ${id}`);
  free = (): void => this.#hear('free');
  #hear(what: string): void {
    if (this.broken) throw new WebAssembly.RuntimeError('unreachable');
    this.heard.push(what);
  }
}

class FakeSocket {
  static readonly OPEN = 1;
  static readonly all: FakeSocket[] = [];
  readyState = 1;
  readonly sent: string[] = [];
  closed = false;
  onopen: () => void = () => undefined;
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onclose: (event: { code: number }) => void = () => undefined;
  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    if (url === 'nonsense') throw new SyntaxError();
    FakeSocket.all.push(this);
  }
  send(frame: string): void {
    this.sent.push(frame);
  }
  close(): void {
    this.closed = true;
  }
}

let client: FakeClient;
let hands: Hands;
let listener: Listener;
let peers: OwnedPeers & { tell: (peer: PeerId, event: PeerEvent) => void };
let core: RunningCore;

beforeEach(() => {
  FakeSocket.all.length = 0;
  vi.stubGlobal('WebSocket', FakeSocket);
  client = new FakeClient();
  listener = { onView: vi.fn(), onAlert: vi.fn(), onCrash: vi.fn() };
  const listeners = new Set<(peer: PeerId, event: PeerEvent) => void>();
  peers = {
    carryOut: vi.fn(),
    closeAll: vi.fn(),
    onEvent: (one) => (listeners.add(one), () => listeners.delete(one)),
    tell: (peer, event) => listeners.forEach((one) => one(peer, event)),
  };
  const make = (of: Hands): WasmClient => ((hands = of), client);
  core = new RunningCore(make, peers, memoryRecords(), ['{}'], listener);
});
afterEach(async () => {
  await core.stop();
  vi.unstubAllGlobals();
});

/** What reached the client since the last look. */
const heard = (): string[] => client.heard.splice(0);

test('what was kept comes first', () => {
  expect(heard()).toEqual(['loaded 1']);
});

test('a socket speaks the protocol, and only the newest one is heard', () => {
  heard();
  hands.connect('ws://relay/ws');
  hands.connect('ws://relay/ws');
  const [old, fresh] = FakeSocket.all;
  expect(fresh?.protocol).toBe('bellwire.v1');
  expect(old?.closed, 'an open one is dropped first').toBe(true);
  old?.onclose({ code: 1000 });
  fresh?.onopen();
  fresh?.onmessage({ data: 'text' });
  fresh?.onmessage({ data: new ArrayBuffer(1) });
  fresh?.onclose({ code: 4009 });
  expect(heard()).toEqual(['opened', 'frame text', 'malformed', 'closed 4009']);
});

test('a second socket takes the place of the first when it opens, and not before', () => {
  hands.connect('ws://relay/ws');
  FakeSocket.all[0]?.onopen();
  hands.race('ws://relay/ws');
  const [first, second] = FakeSocket.all;
  heard();
  first?.onmessage({ data: 'still here' });
  expect(first?.closed, 'the first goes on').toBe(false);
  second?.onopen();
  expect(first?.closed).toBe(true);
  first?.onmessage({ data: 'too late' });
  first?.onclose({ code: 1006 });
  second?.onmessage({ data: 'text' });
  hands.send('hello');
  expect(second?.sent).toEqual(['hello']);
  expect(heard()).toEqual(['frame still here', 'opened', 'frame text']);
});

test('a second socket that fails or is called off changes nothing', async () => {
  hands.connect('ws://relay/ws');
  FakeSocket.all[0]?.onopen();
  heard();
  hands.race('ws://relay/ws');
  FakeSocket.all[1]?.onclose({ code: 1006 });
  hands.race('ws://relay/ws');
  hands.callOff();
  expect(FakeSocket.all[2]?.closed).toBe(true);
  FakeSocket.all[2]?.onopen();
  FakeSocket.all[2]?.onclose({ code: 1000 });
  hands.race('nonsense');
  await Promise.resolve();
  hands.send('hello');
  expect(FakeSocket.all[0]?.sent).toEqual(['hello']);
  expect(heard()).toEqual(['race lost', 'race lost']);
});

test('a first socket that closes while a second opens leaves the way to it', () => {
  hands.connect('ws://relay/ws');
  FakeSocket.all[0]?.onopen();
  hands.race('ws://relay/ws');
  heard();
  FakeSocket.all[0]?.onclose({ code: 1006 });
  FakeSocket.all[1]?.onopen();
  FakeSocket.all[1]?.onmessage({ data: 'text' });
  expect(heard()).toEqual(['closed null', 'opened', 'frame text']);
});

test('a network that goes and one that comes are hints', () => {
  heard();
  dispatchEvent(new Event('offline'));
  dispatchEvent(new Event('online'));
  expect(heard()).toEqual(['network changed', 'network changed']);
});

test('a socket that the far end did not close has no code', () => {
  heard();
  hands.connect('ws://relay/ws');
  FakeSocket.all[0]?.onclose({ code: 1006 });
  expect(heard()).toEqual(['closed null']);
});

test('an address that is none is a closed socket, a moment later', async () => {
  heard();
  hands.connect('nonsense');
  expect(heard(), 'the core is still busy asking for it').toEqual([]);
  await Promise.resolve();
  expect(heard()).toEqual(['closed null']);
});

test('a disconnected socket is not heard any more', () => {
  heard();
  hands.connect('ws://relay/ws');
  hands.disconnect();
  FakeSocket.all[0]?.onclose({ code: 1000 });
  expect(heard()).toEqual([]);
});

test('requests carry token and body, and end in a reply or in none', async () => {
  heard();
  const fetched = vi.fn(() => Promise.resolve(new Response('{"ok":1}', { status: 201 })));
  vi.stubGlobal('fetch', fetched);
  hands.fetch(7, 'POST', 'http://relay/api', 'token', '{}');
  await vi.waitFor(() => expect(client.heard).toEqual(['replied 7 201 {"ok":1}']));
  expect(fetched).toHaveBeenCalledWith(
    'http://relay/api',
    expect.objectContaining({
      method: 'POST',
      body: '{}',
      headers: {
        accept: 'application/json',
        authorization: 'Bearer token',
        'content-type': 'application/json',
      },
    }),
  );
  fetched.mockImplementation(() => Promise.reject(new TypeError('failed')));
  hands.fetch(8, 'GET', 'http://relay/api');
  await vi.waitFor(() => expect(client.heard.at(-1)).toBe('unreachable 8'));
});

test('a reply over 1 MiB is none', async () => {
  heard();
  const long = new Response('x'.repeat(1024 * 1024 + 1));
  vi.stubGlobal('fetch', () => Promise.resolve(long));
  hands.fetch(1, 'GET', 'http://relay/api');
  await vi.waitFor(() => expect(client.heard).toEqual(['unreachable 1']));
});

test('a core that fails is told of once, and lets go of everything', () => {
  hands.connect('ws://relay/ws');
  client.broken = true;
  core.dispatch({ type: 'reconnect' });
  client.broken = false;
  heard();
  FakeSocket.all[0]?.onmessage({ data: 'text' });
  peers.tell(1, { type: 'channels_open' });
  core.dispatch({ type: 'reconnect' });
  expect(listener.onCrash).toHaveBeenCalledTimes(1);
  expect(peers.closeAll).toHaveBeenCalled();
  expect(FakeSocket.all[0]?.closed).toBe(true);
  expect(heard(), 'nothing reaches it any more').toEqual([]);
});

test('a stopped core hangs nothing up and signs nobody out', async () => {
  hands.connect('ws://relay/ws');
  heard();
  await core.stop();
  expect(heard()).toEqual(['free']);
  expect(FakeSocket.all[0]?.sent, 'the relay is told nothing').toEqual([]);
  expect(FakeSocket.all[0]?.closed).toBe(true);
  expect(peers.closeAll).toHaveBeenCalled();
  peers.tell(1, { type: 'channels_open' });
  window.dispatchEvent(new Event('online'));
  expect(heard()).toEqual([]);
});

test('the network coming back is passed on', () => {
  heard();
  window.dispatchEvent(new Event('online'));
  expect(heard()).toEqual(['network changed']);
});

test('a window that was hidden for long may have slept through a change', () => {
  heard();
  vi.useFakeTimers();
  const see = (hidden: boolean): boolean => {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
    return document.dispatchEvent(new Event('visibilitychange'));
  };
  see(true);
  vi.advanceTimersByTime(4_000);
  see(false);
  expect(heard(), 'a glance elsewhere').toEqual([]);
  see(true);
  vi.advanceTimersByTime(6_000);
  see(false);
  expect(heard()).toEqual(['network changed']);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('drawing waits for a connection, but not for long', () => {
  vi.useFakeTimers();
  hands.peer(1, JSON.stringify({ type: 'offer', operation: 1, restart: false }));
  hands.view('{"n":1}');
  expect(listener.onView).not.toHaveBeenCalled();
  peers.tell(1, { type: 'described', operation: 1, sdp: 'v=0' });
  expect(listener.onView, 'somebody has to answer first').toHaveBeenLastCalledWith({ n: 1 });

  hands.peer(1, JSON.stringify({ type: 'apply', operation: 2, sdp: 'v=0' }));
  hands.view('{"n":2}');
  hands.view('{"n":3}');
  peers.tell(1, { type: 'applied', operation: 2 });
  expect(listener.onView).toHaveBeenCalledTimes(1);
  peers.tell(1, { type: 'path', state: 'connected' });
  expect(vi.mocked(listener.onView).mock.calls.slice(1), 'only the newest').toEqual([[{ n: 3 }]]);

  hands.peer(1, JSON.stringify({ type: 'answer', operation: 3, sdp: 'v=0' }));
  hands.view('{"n":4}');
  peers.tell(1, { type: 'described', operation: 3, sdp: 'v=0' });
  expect(listener.onView, 'it has a path already').toHaveBeenLastCalledWith({ n: 4 });

  hands.peer(2, JSON.stringify({ type: 'answer', operation: 1, sdp: 'v=0' }));
  hands.view('{"n":5}');
  peers.tell(2, { type: 'described', operation: 1, sdp: 'v=0' });
  vi.advanceTimersByTime(100);
  expect(listener.onView, 'a long way').toHaveBeenLastCalledWith({ n: 5 });
  hands.view('{"n":6}');
  hands.peer(2, JSON.stringify({ type: 'close' }));
  expect(listener.onView, 'a closed peer reports nothing').toHaveBeenLastCalledWith({ n: 6 });
  vi.useRealTimers();
});
