import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PeerEvent } from '../bindings';
import { Peer } from './peer';
import { SLOTS } from './slots';

/** A connection whose descriptions the test completes: enough to see order and bookkeeping. */
class FakeConnection extends EventTarget {
  static last: FakeConnection;
  readonly calls: string[] = [];
  readonly channels: FakeChannel[] = [];
  readonly transceivers: FakeTransceiver[] = [];
  readonly waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  iceConnectionState: RTCIceConnectionState = 'new';
  signalingState: RTCSignalingState = 'stable';
  currentLocalDescription: RTCSessionDescriptionInit | null = null;
  currentRemoteDescription: RTCSessionDescriptionInit | null = null;
  localDescription = { sdp: 'v=0\r\nm=audio 9\r\na=mid:0\r\na=ice-ufrag:mine\r\n' };

  constructor(readonly configuration: RTCConfiguration) {
    super();
    FakeConnection.last = this;
  }
  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }
  setConfiguration(configuration: RTCConfiguration): void {
    this.calls.push(`configure ${configuration.iceTransportPolicy ?? ''}`);
  }
  createDataChannel(label: string, init: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, init);
    this.channels.push(channel);
    return channel;
  }
  addTransceiver(kind: string): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, null);
    this.transceivers.push(transceiver);
    return transceiver;
  }
  getTransceivers(): FakeTransceiver[] {
    return this.transceivers.filter(({ stopped }) => !stopped);
  }
  restartIce(): void {
    this.calls.push('restart');
  }
  setLocalDescription(): Promise<void> {
    return this.#wait('local');
  }
  setRemoteDescription({ type }: { type: string }): Promise<void> {
    return this.#wait(`remote ${type}`);
  }
  addIceCandidate({ candidate, usernameFragment }: RTCIceCandidateInit): Promise<void> {
    this.calls.push(`candidate ${usernameFragment ?? ''} ${candidate ?? ''}`);
    return Promise.reject(new Error('unknown ufrag'));
  }
  close(): void {
    this.calls.push('close');
  }
  /** Completes the oldest description. */
  async complete(error?: Error): Promise<void> {
    const next = this.waiting.shift();
    if (error) next?.reject(error);
    else next?.resolve();
    await settle();
  }
  #wait(call: string): Promise<void> {
    this.calls.push(call);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }
}

class FakeChannel extends EventTarget {
  readyState: RTCDataChannelState = 'connecting';
  readonly sent: string[] = [];
  constructor(
    readonly label: string,
    readonly init: RTCDataChannelInit,
  ) {
    super();
  }
  send(data: string): void {
    this.sent.push(data);
  }
  become(state: RTCDataChannelState): void {
    this.readyState = state;
    this.dispatchEvent(new Event(state === 'open' ? 'open' : 'close'));
  }
}

class FakeTransceiver {
  direction = 'recvonly';
  stopped = false;
  readonly receiver = { track: {} };
  readonly sender = {
    track: null as object | null,
    encoding: {} as RTCRtpEncodingParameters,
    getParameters() {
      return { encodings: [{ ...this.encoding }], codecs: this.codecs };
    },
    codecs: [{ mimeType: 'audio/opus' }],
    setParameters({ encodings }: { encodings: RTCRtpEncodingParameters[] }) {
      Object.assign(this.encoding, encodings[0]);
      return Promise.resolve();
    },
    replaceTrack(track: object | null) {
      this.track = track;
      return Promise.resolve();
    },
  };
  constructor(
    readonly kind: string,
    public mid: string | null,
  ) {}
  preferred: readonly string[] = [];
  setCodecPreferences(codecs: readonly { mimeType: string }[]): void {
    this.preferred = codecs.map(({ mimeType }) => mimeType);
  }
  stop(): void {
    this.stopped = true;
  }
}

/** What Chromium says that it knows, in its order. */
const CODECS = {
  audio: ['audio/opus', 'audio/red', 'audio/G722', 'audio/PCMU', 'audio/telephone-event'],
  video: [
    'video/VP8',
    'video/rtx',
    'video/VP9',
    'video/H264',
    'video/AV1',
    'video/red',
    'video/ulpfec',
  ],
};

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

let events: PeerEvent[];
let peer: Peer;
let connection: FakeConnection;

beforeEach(() => {
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('RTCRtpReceiver', {
    getCapabilities: (kind: 'audio' | 'video') => ({
      codecs: CODECS[kind].map((mimeType) => ({ mimeType })),
    }),
  });
  events = [];
  const opening = { iceServers: [], relayOnly: false, certificate: null };
  peer = new Peer(
    opening,
    (event) => events.push(event),
    () => undefined,
  );
  connection = FakeConnection.last;
});
afterEach(() => vi.unstubAllGlobals());

const track = (): MediaStreamTrack => ({ id: 'track' }) as MediaStreamTrack;

test('the first offer has every slot in order, and both channels', async () => {
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  await connection.complete();
  expect(connection.transceivers.map(({ kind }) => kind)).toEqual([
    'audio',
    'video',
    'video',
    'audio',
  ]);
  expect(connection.channels.map(({ label, init }) => [label, init])).toEqual([
    ['control', { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 }],
    ['chat', { negotiated: true, id: 1 }],
  ]);
  expect(events).toEqual([
    { type: 'described', operation: 1, sdp: connection.localDescription.sdp },
  ]);
});

test('operations wait for each other, candidates for the operations before them', async () => {
  peer.offer({ type: 'offer', operation: 1, restart: false });
  peer.apply({ type: 'apply', operation: 2, sdp: 'v=0' });
  peer.addCandidate({ type: 'add_candidate', ufrag: 'theirs', mid: '0', candidate: 'c' });
  await settle();
  expect(connection.calls).toEqual(['local']);
  await connection.complete();
  expect(connection.calls).toEqual(['local', 'remote answer']);
  await connection.complete();
  expect(connection.calls).toEqual(['local', 'remote answer', 'candidate theirs c']);
  expect(
    events.map(({ type }) => type),
    'a refused candidate is nothing',
  ).toEqual(['described', 'applied']);
});

test('a restart is asked for before the offer is made', async () => {
  peer.offer({ type: 'offer', operation: 1, restart: true });
  await settle();
  expect(connection.calls).toEqual(['restart', 'local']);
});

test('a failed operation says so, and the next goes on', async () => {
  peer.apply({ type: 'apply', operation: 1, sdp: 'nonsense' });
  peer.offer({ type: 'offer', operation: 2, restart: false });
  await settle();
  await connection.complete(new Error('no'));
  await connection.complete();
  expect(events).toMatchObject([
    { type: 'operation_failed', operation: 1, message: 'Error: no' },
    { type: 'described', operation: 2 },
  ]);
});

test('an answer that cannot be made takes the offer back', async () => {
  peer.answer({ type: 'answer', operation: 1, sdp: 'v=0' });
  await settle();
  await connection.complete();
  await connection.complete(new Error('no codec'));
  expect(connection.calls).toEqual(['remote offer', 'local', 'remote rollback']);
  await connection.complete();
  expect(events).toMatchObject([{ type: 'operation_failed', operation: 1 }]);
});

test('when two offers cross, what was to be sent moves to the m-lines of the other', async () => {
  const camera = track();
  peer.taker('camera').put(camera, null);
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  await connection.complete();
  const own = [...connection.transceivers];
  peer.answer({ type: 'answer', operation: 2, sdp: 'v=0' });
  await settle();
  const theirs = SLOTS.map((_, index) => new FakeTransceiver('any', String(index)));
  connection.transceivers.push(...theirs);
  await connection.complete();
  expect(
    own.every(({ stopped }) => stopped),
    'own m-lines must not come back',
  ).toBe(true);
  expect(theirs.map(({ direction }) => direction)).toEqual(Array(4).fill('sendrecv'));
  expect(theirs[1]?.sender.track).toBe(camera);
  expect(peer.remote('camera')).toBe(theirs[1]?.receiver.track);
});

test('a first offer that crosses the own one is answered on a new connection', async () => {
  const camera = track();
  peer.taker('camera').put(camera, null);
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  await connection.complete();
  connection.signalingState = 'have-local-offer';
  peer.answer({ type: 'answer', operation: 2, sdp: 'v=0' });
  await settle();
  const fresh = FakeConnection.last;
  expect(fresh).not.toBe(connection);
  fresh.transceivers.push(...SLOTS.map((_, index) => new FakeTransceiver('any', String(index))));
  await fresh.complete();
  await fresh.complete();
  expect(fresh.calls).toEqual(['remote offer', 'local']);
  expect(fresh.transceivers[1]?.sender.track).toBe(camera);
  expect(fresh.transceivers[1]?.preferred[0], 'codecs are chosen in answers too').toBe('video/VP8');
  expect(connection.calls).toContain('close');
  connection.iceConnectionState = 'failed';
  connection.dispatchEvent(new Event('iceconnectionstatechange'));
  expect(
    events.map(({ type }) => type),
    'the old one is not heard any more',
  ).toEqual(['described', 'described']);
});

test('a crossing offer that cannot be answered leaves the own one open', async () => {
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  await connection.complete();
  const own = peer.remote('camera');
  connection.signalingState = 'have-local-offer';
  peer.answer({ type: 'answer', operation: 2, sdp: 'nonsense' });
  await settle();
  await FakeConnection.last.complete(new Error('no'));
  expect(events[1]).toMatchObject({ type: 'operation_failed', operation: 2 });
  expect(peer.connection).toBe(connection);
  expect(connection.calls).not.toContain('close');
  expect(peer.remote('camera')).toBe(own);
});

test('a closed peer reports nothing, whatever still happens', async () => {
  peer.offer({ type: 'offer', operation: 1, restart: false });
  peer.apply({ type: 'apply', operation: 2, sdp: 'v=0' });
  await settle();
  peer.close();
  await connection.complete();
  connection.channels[0]?.become('closed');
  connection.iceConnectionState = 'failed';
  connection.dispatchEvent(new Event('iceconnectionstatechange'));
  peer.taker('audio').report({ type: 'off' });
  expect(events).toEqual([]);
  expect(connection.calls, 'nor does it go on').toEqual(['local', 'close']);
});

test('the camera starts small for a quick first picture and is whole a moment later', async () => {
  vi.useFakeTimers();
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  const scale = (slot: number): number | undefined =>
    connection.transceivers[slot]?.sender.encoding.scaleResolutionDownBy;
  expect(scale(1), 'half along each side').toBe(2);
  expect(scale(2), 'text on a screen is never scaled').toBe(1);
  connection.connectionState = 'connected';
  connection.iceConnectionState = 'connected';
  connection.dispatchEvent(new Event('connectionstatechange'));
  expect(scale(1)).toBe(2);
  vi.advanceTimersByTime(5_000);
  expect(scale(1)).toBe(1);
  vi.useRealTimers();
});

test('the last message leaves before the connection closes', () => {
  vi.useFakeTimers();
  const [control, chat] = connection.channels;
  control?.become('open');
  chat?.become('open');
  peer.chat('leave');
  peer.close();
  expect(connection.calls, 'the message is still under way').not.toContain('close');
  chat?.become('closed');
  vi.advanceTimersByTime(1_000);
  expect(connection.calls).toContain('close');
  expect(
    events.map(({ type }) => type),
    'nothing is reported after closing',
  ).toEqual(['channels_open']);
  vi.useRealTimers();
});

test('the channels are open when both are, and closed when one is', () => {
  const [control, chat] = connection.channels;
  peer.chat('early');
  control?.become('open');
  expect(events).toEqual([]);
  chat?.become('open');
  peer.chat('hello');
  expect(chat?.sent, 'what came before the channel was open is dropped').toEqual(['hello']);
  control?.become('closed');
  chat?.become('closed');
  expect(events.map(({ type }) => type)).toEqual(['channels_open', 'channels_closed']);
});

test('the path is reported when it changes', () => {
  connection.connectionState = 'connecting';
  connection.dispatchEvent(new Event('connectionstatechange'));
  connection.connectionState = 'connected';
  connection.dispatchEvent(new Event('connectionstatechange'));
  connection.dispatchEvent(new Event('iceconnectionstatechange'));
  expect(events).toEqual([{ type: 'path', state: 'connected' }]);
});

test('candidates carry their generation, and its end comes once', () => {
  const tell = (candidate: object | null): boolean =>
    connection.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate }));
  tell({ candidate: 'one', sdpMid: '0', usernameFragment: 'mine' });
  tell({
    candidate: 'candidate:1 1 udp 1 host 1 typ host ufrag said',
    sdpMid: '0',
    usernameFragment: null,
  });
  tell({ candidate: '', sdpMid: '0', usernameFragment: 'mine' });
  tell(null);
  expect(events).toMatchObject([
    { ufrag: 'mine', mid: '0', candidate: 'one' },
    { ufrag: 'said', mid: '0' },
    { ufrag: 'mine', mid: '0', candidate: '' },
  ]);
  expect(events.length).toBe(3);
});

test('an end of gathering that may be of a generation rolled back is not reported', async () => {
  connection.signalingState = 'have-local-offer';
  connection.currentRemoteDescription = { type: 'answer', sdp: 'of before' };
  peer.answer({ type: 'answer', operation: 1, sdp: 'crossing' });
  await settle();
  await connection.complete();
  await connection.complete();
  const tell = (candidate: object | null): boolean =>
    connection.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate }));
  tell({ candidate: 'one', sdpMid: '0', usernameFragment: 'mine' });
  tell(null);
  tell({ candidate: 'two', sdpMid: '0', usernameFragment: 'mine' });
  expect(events.flatMap((event) => ('candidate' in event ? event.candidate : []))).toEqual([
    'one',
    'two',
  ]);
});

test('messages that are no text, or too long, are not passed on', () => {
  const [control] = connection.channels;
  for (const data of ['beat', new ArrayBuffer(2), 'x'.repeat(64 * 1024 + 1)]) {
    control?.dispatchEvent(new MessageEvent('message', { data }));
  }
  expect(events).toEqual([{ type: 'control', data: 'beat' }]);
});

test('only what is sent is described, in offers and in answers, copies of the voice first', async () => {
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  const pictures = ['video/VP8', 'video/rtx', 'video/red', 'video/ulpfec'];
  const preferred = connection.transceivers.map((transceiver) => transceiver.preferred);
  expect(preferred).toEqual([['audio/red', 'audio/opus'], pictures, pictures, ['audio/opus']]);
});

test('a browser without VP8 describes what it has', async () => {
  vi.stubGlobal('RTCRtpReceiver', {
    getCapabilities: () => ({ codecs: [{ mimeType: 'video/H264' }, { mimeType: 'video/rtx' }] }),
  });
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  expect(connection.transceivers.map(({ preferred }) => preferred)).toEqual([[], [], [], []]);
});

test('where pictures do not fit they are held and forgotten, and come back as they were', async () => {
  peer.offer({ type: 'offer', operation: 1, restart: false });
  await settle();
  await connection.complete();
  const camera = { id: 'camera', contentHint: 'motion' } as MediaStreamTrack;
  peer.taker('camera').put(camera, null);
  const encoding = (slot: number) => connection.transceivers[slot]?.sender.encoding;
  peer.spend({ type: 'spend', pictures: 'held', sound: 16_000 });
  expect(encoding(0)?.maxBitrate).toBe(16_000);
  expect([encoding(1)?.active, encoding(2)?.active]).toEqual([false, false]);
  expect(camera.contentHint).toBe('detail');
  peer.spend({ type: 'spend', pictures: 'full', sound: null });
  expect([encoding(1)?.active, encoding(2)?.active]).toEqual([true, true]);
  expect(camera.contentHint).toBe('motion');
});
