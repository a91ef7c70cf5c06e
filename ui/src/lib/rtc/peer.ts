import type { PeerCommand, PeerEvent, Slot, SlotState } from '../bindings';
import { trace } from '../trace';
import type { Taker } from './capture';
import { pathState } from './path';
import { type Measure, readMeasure } from './measure';
import { firstMidOf, ufragOf, withRoleKept, withStartBitrate } from './sdp';
import { preferCodecs } from './codecs';
import { Forgetting } from './forget';
import {
  AT_FIRST,
  SHARPEN_MS,
  SLOTS,
  type Spending,
  degradationOf,
  encodingOf,
  kindOf,
  voiceOf,
} from './slots';
import { VoiceLimit } from './voice';
import { type Opening, type Wire, configurationOf, sorted, wire } from './wire';

/**
 * Where the sender's estimate of the path starts, in kbit/s. Lower delays the first picture, higher
 * can flood a path narrower than this for the second that the estimator needs to notice.
 */
const START_KBPS = 1_000;

/** Messages longer than any that the protocol has are not passed on. In characters. */
const LONGEST_MESSAGE = 64 * 1024;

/**
 * How long a connection outlives its call, silent, so that the last message on `chat` ("I leave")
 * reaches a peer that the relay does not reach, in ms. Closing at once drops what SCTP has queued.
 */
const FAREWELL_MS = 150;

/** One `RTCPeerConnection` with its slots and channels. */
export class Peer {
  readonly #emit: (event: PeerEvent) => void;
  readonly #tracksChanged: () => void;
  #wire: Wire;
  readonly #slots = new Map<Slot, RTCRtpTransceiver>();
  /** What each slot should send, also before its m-line exists. */
  readonly #outgoing = new Map<Slot, MediaStreamTrack | null>();
  #queue: Promise<void> = Promise.resolve();
  #refused: readonly string[];
  #path: string = 'connecting';
  #channelsOpen = false;
  #closed = false;
  #spending: Spending = AT_FIRST;
  readonly #voice = new VoiceLimit(voiceOf(AT_FIRST));
  readonly #forgetting = new Forgetting();
  /** Generations whose end was reported, or that took the place of one whose end may still come. */
  readonly #ended = new Set<string>();

  constructor(opening: Opening, emit: (event: PeerEvent) => void, tracksChanged: () => void) {
    this.#emit = emit;
    this.#tracksChanged = tracksChanged;
    this.#wire = wire(configurationOf(opening));
    this.#refused = this.#wire.refused;
    this.#listen(this.#wire);
  }

  get connection(): RTCPeerConnection {
    return this.#wire.connection;
  }

  /** Addresses of servers that this browser refused when they were given last. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  /** The track that comes in on a slot, from the first description on. */
  remote(slot: Slot): MediaStreamTrack | null {
    return this.#slots.get(slot)?.receiver.track ?? null;
  }

  configure(opening: Omit<Opening, 'certificate'>): void {
    const { certificates } = this.connection.getConfiguration();
    const configuration = {
      ...configurationOf({ ...opening, certificate: null }),
      ...(certificates && { certificates }),
    };
    try {
      this.connection.setConfiguration(configuration);
      this.#refused = [];
    } catch {
      const { taken, refused } = sorted(configuration);
      this.connection.setConfiguration(taken);
      this.#refused = refused;
    }
  }

  offer({ operation, restart }: Extract<PeerCommand, { type: 'offer' }>): void {
    this.#operate(operation, async () => {
      if (this.#slots.size === 0) this.#makeSlots();
      if (restart) this.connection.restartIce();
      await this.connection.setLocalDescription();
      return this.#described(operation);
    });
  }

  answer({ operation, sdp }: Extract<PeerCommand, { type: 'answer' }>): void {
    this.#operate(operation, async () => {
      const crossed = this.connection.signalingState === 'have-local-offer';
      if (crossed && this.connection.currentRemoteDescription === null) {
        return this.#answerAnew(operation, sdp);
      }
      // Over an own open offer this rolls back and applies in one step.
      await this.connection.setRemoteDescription({
        type: 'offer',
        sdp: withStartBitrate(sdp, START_KBPS),
      });
      try {
        this.#adoptSlots();
        await this.connection.setLocalDescription();
        // Chromium ends the gathering once for both generations, before the new one's last.
        if (crossed) this.#ended.add(ufragOf(this.connection.localDescription?.sdp ?? ''));
      } catch (error) {
        await this.connection.setRemoteDescription({ type: 'rollback' });
        throw error;
      }
      return this.#described(operation);
    });
  }

  /**
   * Answers a first offer that crossed the own one, on a new connection: Chromium 156 cannot start
   * its data channels after a rollback if their m-line has another name than it had given it.
   */
  async #answerAnew(operation: number, sdp: string): Promise<PeerEvent> {
    const old = this.#wire;
    const slots = [...this.#slots];
    const { connection } = (this.#wire = wire(old.connection.getConfiguration()));
    this.#slots.clear();
    try {
      await connection.setRemoteDescription({
        type: 'offer',
        sdp: withStartBitrate(sdp, START_KBPS),
      });
      this.#listen(this.#wire);
      this.#adoptSlots();
      await connection.setLocalDescription();
    } catch (error) {
      connection.close();
      this.#wire = old;
      for (const [slot, transceiver] of slots) this.#slots.set(slot, transceiver);
      throw error;
    }
    old.connection.close();
    return this.#described(operation);
  }

  apply({ operation, sdp }: Extract<PeerCommand, { type: 'apply' }>): void {
    this.#operate(operation, async () => {
      const { currentLocalDescription, currentRemoteDescription } = this.connection;
      const answer = withRoleKept(sdp, currentLocalDescription, currentRemoteDescription);
      await this.connection.setRemoteDescription({
        type: 'answer',
        sdp: withStartBitrate(answer, START_KBPS),
      });
      this.#tracksChanged();
      return { type: 'applied', operation };
    });
  }

  addCandidate({ ufrag, mid, candidate }: Extract<PeerCommand, { type: 'add_candidate' }>): void {
    this.#enqueue(() => {
      // Not waited for: resolving a name on the local network can take seconds.
      this.connection
        .addIceCandidate({
          candidate,
          sdpMid: mid,
          ...(ufrag !== '' && { usernameFragment: ufrag }),
        })
        .catch(() => undefined);
      return Promise.resolve();
    });
  }

  /** Puts what is captured on a slot. */
  taker(slot: Slot): Taker {
    return {
      put: (main, sound) => {
        this.#send(slot, main);
        if (slot === 'screen') this.#send('screenAudio', sound);
      },
      report: (state: SlotState) => this.#report({ type: 'slot', slot, state }),
    };
  }

  spend({ pictures, sound }: Extract<PeerCommand, { type: 'spend' }>): void {
    this.#spending = { ...this.#spending, pictures, sound };
    if (pictures !== 'held') this.#forgetting.release();
    this.#tuneAll();
    if (pictures !== 'held') return;
    for (const slot of ['camera', 'screen'] as const) {
      this.#forgetting.hold(slot, this.#outgoing.get(slot) ?? null);
    }
  }

  /** What the path carries, as the sender of the voice sees it. */
  async measure(): Promise<Measure | null> {
    const audio = this.#slots.get('audio');
    if (this.#closed || this.#path !== 'connected' || !audio) return null;
    // One that is closed meanwhile has none.
    const report = await audio.sender.getStats().catch(() => null);
    const measure = report && readMeasure(report);
    if (this.#closed || !measure) return null;
    const { voice } = measure;
    if (this.#spending.sound !== null && voice !== null && this.#voice.observe(voice)) {
      this.#tune('audio', audio.sender);
    }
    return measure;
  }

  control(data: string): void {
    if (this.#wire.control.readyState === 'open') this.#wire.control.send(data);
  }

  chat(data: string): void {
    if (this.#wire.chat.readyState === 'open') this.#wire.chat.send(data);
  }

  /** Nothing is reported from here on; a last message that is on its way still leaves. */
  close(): void {
    this.#closed = true;
    this.#forgetting.release();
    if (this.#wire.chat.readyState === 'open')
      setTimeout(() => this.connection.close(), FAREWELL_MS);
    else this.connection.close();
  }

  #operate(operation: number, work: () => Promise<PeerEvent>): void {
    this.#enqueue(async () => {
      try {
        this.#report(await work());
      } catch (error) {
        this.#report({ type: 'operation_failed', operation, message: messageOf(error) });
      }
    });
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(() => (this.#closed ? undefined : work()));
  }

  #report(event: PeerEvent): void {
    if (!this.#closed) this.#emit(event);
  }

  #described(operation: number): PeerEvent {
    this.#tracksChanged();
    return { type: 'described', operation, sdp: this.connection.localDescription?.sdp ?? '' };
  }

  #makeSlots(): void {
    for (const slot of SLOTS) {
      const transceiver = this.connection.addTransceiver(kindOf(slot), {
        direction: 'sendrecv',
        sendEncodings: [encodingOf(slot, this.#spending)],
      });
      preferCodecs(slot, transceiver);
      this.#adopt(slot, transceiver);
    }
  }

  /** After a remote offer: its m-lines are the slots, whatever an own, rolled back one had made. */
  #adoptSlots(): void {
    const associated: RTCRtpTransceiver[] = [];
    for (const transceiver of this.connection.getTransceivers()) {
      if (transceiver.mid !== null) associated.push(transceiver);
      else transceiver.stop();
    }
    SLOTS.forEach((slot, index) => {
      const transceiver = associated[index];
      if (!transceiver || this.#slots.get(slot) === transceiver) return;
      transceiver.direction = 'sendrecv';
      preferCodecs(slot, transceiver);
      this.#adopt(slot, transceiver);
    });
  }

  #adopt(slot: Slot, transceiver: RTCRtpTransceiver): void {
    this.#slots.set(slot, transceiver);
    this.#tune(slot, transceiver.sender);
    this.#attach(slot);
  }

  #send(slot: Slot, track: MediaStreamTrack | null): void {
    this.#outgoing.set(slot, track);
    this.#attach(slot);
  }

  #attach(slot: Slot): void {
    const sender = this.#slots.get(slot)?.sender;
    const track = this.#outgoing.get(slot) ?? null;
    if (!sender || sender.track === track || this.#closed) return;
    sender.replaceTrack(track).catch((error: unknown) => {
      if (this.#closed || track === null) return;
      trace(`track refused on ${slot}`, error);
      this.#report({ type: 'slot', slot, state: { type: 'unavailable', problem: 'other' } });
    });
  }

  #sharpen(): void {
    if (this.#closed || this.#spending.sharp) return;
    this.#spending = { ...this.#spending, sharp: true };
    // All of them: what is answered has no encodings before the answer is set, and whether copies are
    // sent is not known before both descriptions are.
    this.#tuneAll();
  }

  #tuneAll(): void {
    const audio = this.#slots.get('audio')?.sender;
    const copies = audio?.getParameters().codecs[0]?.mimeType.toLowerCase() === 'audio/red';
    this.#spending = { ...this.#spending, copies };
    this.#voice.want(voiceOf(this.#spending));
    for (const [slot, { sender }] of this.#slots) this.#tune(slot, sender);
  }

  #tune(slot: Slot, sender: RTCRtpSender): void {
    const parameters = sender.getParameters();
    const [encoding] = parameters.encodings;
    if (!encoding) return;
    Object.assign(encoding, encodingOf(slot, this.#spending, this.#voice.limit));
    if (kindOf(slot) === 'video') parameters.degradationPreference = degradationOf(slot);
    // Refused where a browser knows less; its defaults work too.
    sender.setParameters(parameters).catch(() => undefined);
  }

  #listen(wire: Wire): void {
    const { connection, control, chat } = wire;
    // What still happens on one that was given up is nobody's concern.
    const on = <E extends Event>(target: EventTarget, type: string, then: (event: E) => void) =>
      target.addEventListener(type, (event) => {
        if (this.#wire === wire) then(event as E);
      });
    on<RTCPeerConnectionIceEvent>(connection, 'icecandidate', ({ candidate }) =>
      this.#onCandidate(candidate),
    );
    on(connection, 'connectionstatechange', () => this.#onPath());
    on(connection, 'iceconnectionstatechange', () => this.#onPath());
    for (const channel of [control, chat]) {
      on(channel, 'open', () => this.#onChannels());
      on(channel, 'close', () => this.#onChannels());
    }
    on<MessageEvent>(control, 'message', ({ data }) => this.#onMessage('control', data));
    on<MessageEvent>(chat, 'message', ({ data }) => this.#onMessage('chat', data));
  }

  #onCandidate(candidate: RTCIceCandidate | null): void {
    const local = this.connection.localDescription?.sdp ?? '';
    // `null` ends the gathering; browsers differ in whether they end the generation as well.
    const ufrag =
      candidate?.usernameFragment ??
      /\bufrag (\S+)/.exec(candidate?.candidate ?? '')?.[1] ??
      ufragOf(local);
    const line = candidate?.candidate ?? '';
    if (line === '') {
      if (ufrag === '' || this.#ended.has(ufrag)) return;
      this.#ended.add(ufrag);
    }
    const mid = candidate?.sdpMid ?? firstMidOf(local);
    this.#report({ type: 'candidate', ufrag, mid, candidate: line });
  }

  #onPath(): void {
    const state = pathState(this.connection.connectionState, this.connection.iceConnectionState);
    if (state === this.#path) return;
    this.#path = state;
    if (state === 'connected') setTimeout(() => this.#sharpen(), SHARPEN_MS);
    this.#report({ type: 'path', state });
  }

  #onChannels(): void {
    const open = this.#wire.control.readyState === 'open' && this.#wire.chat.readyState === 'open';
    if (open === this.#channelsOpen) return;
    this.#channelsOpen = open;
    this.#report({ type: open ? 'channels_open' : 'channels_closed' });
  }

  #onMessage(type: 'control' | 'chat', data: unknown): void {
    if (typeof data !== 'string' || data.length > LONGEST_MESSAGE) return;
    this.#report({ type, data });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException
    ? `${error.name}: ${error.message}`
    : 'error';
}
