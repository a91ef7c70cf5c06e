import type { PeerId, SlotState } from '../../bindings';
import type { PictureSlot } from './format';

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
  | { type: 'state'; slot: PictureSlot; state: SlotState };

/** From the pump to its page. */
export type FromPump =
  /** What this webview's workers can do without the page. The first message. */
  | { type: 'able'; capture: boolean; show: boolean }
  | { type: 'capture'; slot: PictureSlot; device: string | null }
  | { type: 'stop'; slot: PictureSlot }
  | { type: 'close'; peer: PeerId }
  /** What a peer sends, as a track. */
  | { type: 'shown'; peer: PeerId; slot: PictureSlot; track: MediaStreamTrack }
  /** A picture of a peer, for the page to paint. */
  | { type: 'painted'; peer: PeerId; slot: PictureSlot; frame: VideoFrame }
  /** Hand over the next picture. */
  | { type: 'tick'; slot: PictureSlot }
  /** The encoder of this webview fails again and again. */
  | { type: 'stuck'; slot: PictureSlot }
  /** The door was closed from the other side. */
  | { type: 'closed' };
