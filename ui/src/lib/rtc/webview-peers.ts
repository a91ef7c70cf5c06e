import type { PeerCommand, PeerEvent, PeerId, Slot } from '../bindings';
import { Capture } from './capture';
import { certificates } from './certificate';
import { Devices } from './devices';
import { type Counters, readFigures } from './figures';
import { Peer } from './peer';
import { type Measure, told } from './measure';
import type { Figures, Media, Peers } from './peers';
import type { PictureSlot, SoundSlot, Source } from './slots';

/** How long devices settle after one came or went, in ms: systems report a headset piecemeal. */
const DEVICES_SETTLE_MS = 300;

/** How often it is looked what the paths carry, in ms. Less often leaves sound in a queue for longer. */
const MEASURE_MS = 1_000;

/** Carries out peer connections with the webview's own `RTCPeerConnection`. */
export class WebviewPeers implements Peers, Media {
  readonly #peers = new Map<PeerId, Peer>();
  readonly #counters = new Map<PeerId, Counters>();
  readonly #measures = new Map<PeerId, Measure>();
  #measuring: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<(peer: PeerId, event: PeerEvent) => void>();
  readonly #trackListeners = new Set<() => void>();
  readonly #certificates = certificates();
  readonly #captures: Record<Source, Capture>;

  constructor() {
    // Absent where the page is not served securely.
    const media = navigator.mediaDevices as MediaDevices | undefined;
    const devices = new Devices(media, navigator.permissions);
    const capture = (source: Source): Capture =>
      new Capture(source, (device) => devices.open(source, device), this.#tracksChanged);
    this.#captures = {
      audio: capture('audio'),
      camera: capture('camera'),
      screen: capture('screen'),
    };
    let settling: ReturnType<typeof setTimeout> | undefined;
    const changed = (): void => {
      for (const one of Object.values(this.#captures)) one.devicesChanged(!document.hidden);
    };
    media?.addEventListener('devicechange', () => {
      clearTimeout(settling);
      settling = setTimeout(changed, DEVICES_SETTLE_MS);
    });
    // What came while nobody looked is opened when somebody does.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) changed();
    });
  }

  carryOut(id: PeerId, command: PeerCommand): void {
    if (command.type === 'open') {
      this.#open(id, command);
      return;
    }
    const peer = this.#peers.get(id);
    if (!peer) return;
    switch (command.type) {
      case 'configure':
        return peer.configure({ iceServers: command.ice_servers, relayOnly: command.relay_only });
      case 'offer':
        return peer.offer(command);
      case 'answer':
        return peer.answer(command);
      case 'apply':
        return peer.apply(command);
      case 'add_candidate':
        return peer.addCandidate(command);
      case 'send':
        return this.#send(id, peer, command);
      case 'spend':
        return peer.spend(command);
      case 'control':
        return peer.control(command.data);
      case 'chat':
        return peer.chat(command.data);
      case 'close':
        return this.#close(id, peer);
    }
  }

  onEvent(listener: (peer: PeerId, event: PeerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  local(slot: Slot): MediaStreamTrack | null {
    return slot === 'screenAudio' ? this.#captures.screen.sound : this.#captures[slot].track;
  }

  unsent(): MediaStreamTrack | null {
    return this.#captures.audio.unsent;
  }

  picture(peer: PeerId, slot: PictureSlot): MediaStreamTrack | null {
    return this.#peers.get(peer)?.remote(slot) ?? null;
  }

  sound(peer: PeerId, slot: SoundSlot): MediaStreamTrack | null {
    return this.#peers.get(peer)?.remote(slot) ?? null;
  }

  onTracks(listener: () => void): () => void {
    this.#trackListeners.add(listener);
    return () => this.#trackListeners.delete(listener);
  }

  async figures(id: PeerId): Promise<Figures | null> {
    const peer = this.#peers.get(id);
    if (!peer) return null;
    const report = await peer.connection.getStats();
    if (this.#peers.get(id) !== peer) return null;
    const reading = readFigures(report, performance.now(), this.#counters.get(id) ?? null);
    if (!reading) return null;
    this.#counters.set(id, reading.counters);
    return reading.figures;
  }

  refusedServers(id: PeerId): readonly string[] {
    return this.#peers.get(id)?.refused ?? [];
  }

  /** Closes everything at once: the window lets go of the call. */
  closeAll(): void {
    for (const [id, peer] of this.#peers) this.#close(id, peer);
  }

  #open(id: PeerId, { ice_servers, relay_only }: Extract<PeerCommand, { type: 'open' }>): void {
    if (this.#peers.has(id)) return;
    const emit = (event: PeerEvent): void => {
      for (const listener of this.#listeners) listener(id, event);
    };
    const opening = {
      iceServers: ice_servers,
      relayOnly: relay_only,
      certificate: this.#certificates.take(),
    };
    this.#peers.set(id, new Peer(opening, emit, this.#tracksChanged));
    this.#measuring ??= setInterval(() => {
      for (const each of this.#peers.keys()) void this.#measure(each);
    }, MEASURE_MS);
  }

  async #measure(id: PeerId): Promise<void> {
    const peer = this.#peers.get(id);
    const now = await peer?.measure();
    if (!now || this.#peers.get(id) !== peer) return;
    const news = told(this.#measures.get(id) ?? null, now);
    this.#measures.set(id, now);
    if (!news) return;
    for (const listener of this.#listeners) listener(id, { type: 'measured', ...news });
  }

  #send(
    id: PeerId,
    peer: Peer,
    { slot, on, device }: Extract<PeerCommand, { type: 'send' }>,
  ): void {
    // The sound of a screen comes and goes with the screen.
    if (slot === 'screenAudio') return;
    if (on) this.#captures[slot].take(id, peer.taker(slot), device);
    else {
      const sends = this.#captures[slot].leave(id);
      if (!sends) peer.taker(slot).report({ type: 'off' });
    }
  }

  #close(id: PeerId, peer: Peer): void {
    peer.close();
    this.#peers.delete(id);
    this.#counters.delete(id);
    this.#measures.delete(id);
    if (this.#peers.size === 0) {
      clearInterval(this.#measuring);
      this.#measuring = undefined;
    }
    const last = this.#peers.size === 0;
    for (const capture of Object.values(this.#captures)) capture.leave(id, last);
    this.#tracksChanged();
  }

  readonly #tracksChanged = (): void => {
    for (const listener of this.#trackListeners) listener();
  };
}
