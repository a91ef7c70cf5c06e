import type { Slot } from '../bindings';

/** Every slot, in the order of the m-lines. */
export const SLOTS: readonly Slot[] = ['audio', 'camera', 'screen', 'screenAudio'];

/** What kind of track a slot carries. */
export function kindOf(slot: Slot): 'audio' | 'video' {
  switch (slot) {
    case 'audio':
    case 'screenAudio':
      return 'audio';
    case 'camera':
    case 'screen':
      return 'video';
  }
}

/** What has pictures. */
export type PictureSlot = Extract<Slot, 'camera' | 'screen'>;

/** What is heard. */
export type SoundSlot = Exclude<Slot, PictureSlot>;

/** What can be captured by itself; the sound of a screen comes along with the screen. */
export type Source = Exclude<Slot, 'screenAudio'>;

/** Bit/s at most. The ladder of LiveKit: 720p30 VP8 looks finished at 1.7 Mbit/s, text at 2.5. */
const MAX_BITRATE: Record<Slot, number> = {
  audio: 64_000,
  camera: 1_700_000,
  screen: 2_500_000,
  screenAudio: 128_000,
};

/**
 * How much smaller than captured a camera's first pictures are, along each side. The first key frame
 * is then a quarter of the work to encode, send and decode, and the first picture comes that much
 * sooner; a second later nobody sees the difference.
 */
const FIRST_SCALE = 2;

/** The encoding of a slot until its connection is up for {@link SHARPEN_MS}. */
export function firstEncodingOf(slot: Slot): RTCRtpEncodingParameters {
  const scale = slot === 'camera' ? { scaleResolutionDownBy: FIRST_SCALE } : {};
  return { ...encodingOf(slot), ...scale };
}

/** How long a connection is up before the camera is sent in its full size, in ms. */
export const SHARPEN_MS = 1_000;

/** How a sender encodes a slot. Sound goes first when the path is narrow. */
export function encodingOf(slot: Slot): RTCRtpEncodingParameters {
  const priority = kindOf(slot) === 'audio' ? 'high' : 'low';
  const scale = kindOf(slot) === 'video' ? { scaleResolutionDownBy: 1 } : {};
  return { maxBitrate: MAX_BITRATE[slot], priority, networkPriority: priority, ...scale };
}

/** What to give up first: faces keep moving, text stays sharp. */
export function degradationOf(slot: Slot): RTCDegradationPreference {
  return slot === 'screen' ? 'maintain-resolution' : 'maintain-framerate';
}
