import type { PeerCommand, PeerEvent, PeerId } from '../bindings';
import type { Painting } from './painting';
import type { PictureSlot, SoundSlot } from './slots';

/** Carries out peer connections. Decides nothing. */
export interface Peers {
  carryOut(peer: PeerId, command: PeerCommand): void;
  onEvent(listener: (peer: PeerId, event: PeerEvent) => void): () => void;
}

/** What is shown: a track to play, or what is painted. */
export type Picture = MediaStreamTrack | Painting;

/** What the UI shows of the media: tracks and figures never pass through the view. */
export interface Media {
  /** The own picture of a slot, while it is captured. */
  local(slot: PictureSlot): Picture | null;
  /** What a participant shows on a slot. It may exist before they send: there is nothing in it. */
  picture(peer: PeerId, slot: PictureSlot): Picture | null;
  /** What a participant is heard by; null where sound does not come through the window. */
  sound(peer: PeerId, slot: SoundSlot): MediaStreamTrack | null;
  /** What the muted microphone hears, for a meter; null where it is not open, or not in the window. */
  unsent?(): MediaStreamTrack | null;
  /** Calls back whenever a track or a picture came or went. */
  onTracks(listener: () => void): () => void;
  /**
   * The person just asked to share a screen. Where the order to open one comes too late to count as
   * the answer to their press, what to choose from is shown now.
   */
  pickScreen?(): void;
  /** Figures since the last call for this peer, or null while there is no connection. */
  figures(peer: PeerId): Promise<Figures | null>;
  /** Addresses of ICE servers that this browser refuses; where none can be refused, nothing. */
  refusedServers?(peer: PeerId): readonly string[];
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
