import type { PeerCommand, PeerEvent, PeerId, Slot } from '../bindings';

/** Carries out peer connections. Decides nothing. */
export interface Peers {
  carryOut(peer: PeerId, command: PeerCommand): void;
  onEvent(listener: (peer: PeerId, event: PeerEvent) => void): () => void;
}

/** What the UI shows of the media: tracks and figures never pass through the view. */
export interface Media {
  /** The own track on a slot, while it is captured. */
  local(slot: Slot): MediaStreamTrack | null;
  /** A participant's track on a slot. It exists from the first description on, silent or black. */
  remote(peer: PeerId, slot: Slot): MediaStreamTrack | null;
  /** Calls back whenever a track came or went. */
  onTracks(listener: () => void): () => void;
  /**
   * The person just asked to share a screen. Where the order to open one comes too late to count as
   * the answer to their press, what to choose from is shown now.
   */
  pickScreen?(): void;
  /** Figures since the last call for this peer, or null while there is no connection. */
  figures(peer: PeerId): Promise<Figures | null>;
}

/** One reading of a connection. Rates in bit/s, times in ms, loss as a share of 0 to 1. */
export interface Figures {
  at: number;
  bitrateUp: number;
  bitrateDown: number;
  lossUp: number;
  lossDown: number;
  roundTrip: number | null;
  jitter: number;
  framesPerSecond: number;
  frameWidth: number;
  frameHeight: number;
  path: 'direct' | 'relayed' | 'relayed-tcp' | 'unknown';
}
