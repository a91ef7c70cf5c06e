import type { PeerId, SlotState } from '../../bindings';
import type { PictureSlot } from '../slots';

/** Whose pictures: a peer's, or those of the own camera. */
export type Owner = PeerId | 'own';

/** From the page to its pump. */
export type ToPump =
  /** Go through this door, in place of the one before. */
  | { type: 'open'; port: number; protocols: string[] }
  /** Encode this track, which is handed over. */
  | { type: 'track'; slot: PictureSlot; track: MediaStreamTrack }
  /** Encode what the page hands over, and tick for it. */
  | { type: 'feed'; slot: PictureSlot }
  | { type: 'picture'; slot: PictureSlot; frame: VideoFrame }
  /** Encode nothing any more. */
  | { type: 'rest'; slot: PictureSlot }
  /** Where to paint. */
  | { type: 'canvas'; of: Owner; slot: PictureSlot; canvas: OffscreenCanvas }
  /** What is painted there is hung up in the page, or taken off. */
  | { type: 'hung'; of: Owner; slot: PictureSlot; hung: boolean }
  /** Whether anybody sees the page. */
  | { type: 'seen'; seen: boolean }
  | { type: 'state'; slot: PictureSlot; state: SlotState };

/** From the pump to its page. */
export type FromPump =
  /** What this webview's workers can do without the page. The first message. */
  | { type: 'able'; capture: boolean; paint: boolean }
  | { type: 'capture'; slot: PictureSlot; device: string | null }
  | { type: 'stop'; slot: PictureSlot }
  | { type: 'close'; peer: PeerId }
  /** Pictures come, or may come: make a place for them. */
  | { type: 'place'; of: Owner; slot: PictureSlot }
  /** A picture of a peer, for the page to paint. */
  | { type: 'painted'; peer: PeerId; slot: PictureSlot; frame: VideoFrame }
  /** Hand over the next picture. */
  | { type: 'tick'; slot: PictureSlot }
  /** The encoder of this webview fails again and again. */
  | { type: 'stuck'; slot: PictureSlot }
  /** The door was closed from the other side. */
  | { type: 'closed' };
