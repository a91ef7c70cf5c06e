import type { Pictures, Slot } from '../bindings';

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

/** How long a connection is up before the camera is sent in its full size, in ms. */
export const SHARPEN_MS = 1_000;

/** What may be sent at present. */
export interface Spending {
  pictures: Pictures;
  /** What the sound may take, in bit/s, copies included; `null` is what it takes best. */
  sound: number | null;
  /** The connection is up for {@link SHARPEN_MS}. */
  sharp: boolean;
  /** The voice is sent with copies of itself (RED), or may be. */
  copies: boolean;
}

/** What a new connection may send. */
export const AT_FIRST: Spending = { pictures: 'full', sound: null, sharp: false, copies: true };

/**
 * How much smaller than captured, along each side, pictures are when they come back to a path that was
 * too narrow: the first key frame has to pass in a second.
 */
const SMALL_SCALE = 4;

/**
 * Bit/s of Opus with copies, which take as much again: what Chromium begins with by itself. A limit that
 * changes while copies are sent comes out far lower (measured: 64 to 32 kbit/s gives 14, and 24 gives 6;
 * see `VoiceLimit`), so it is this from the first packet on.
 */
const VOICE_WITH_COPIES = 32_000;

/** Bit/s below which Opus makes no speech. */
const LEAST_VOICE = 6_000;

/** How a sender encodes a slot; `voice` is the limit of the voice. Sound goes first when the path is narrow. */
export function encodingOf(
  slot: Slot,
  spending: Spending,
  voice: number = voiceOf(spending),
): RTCRtpEncodingParameters {
  const priority = kindOf(slot) === 'audio' ? 'high' : 'low';
  const own: RTCRtpEncodingParameters =
    kindOf(slot) === 'video'
      ? { active: spending.pictures !== 'held', scaleResolutionDownBy: scaleOf(slot, spending) }
      : {};
  const maxBitrate = slot === 'audio' ? voice : MAX_BITRATE[slot];
  return { maxBitrate, priority, networkPriority: priority, ...own };
}

/** What the voice should take, in bit/s of Opus. */
export function voiceOf({ sound, copies }: Spending): number {
  const best = copies ? VOICE_WITH_COPIES : MAX_BITRATE.audio;
  if (sound === null) return best;
  return Math.min(Math.max(copies ? sound / 2 : sound, LEAST_VOICE), MAX_BITRATE.audio);
}

function scaleOf(slot: Slot, { pictures, sharp }: Spending): number {
  if (pictures !== 'full') return SMALL_SCALE;
  return slot === 'camera' && !sharp ? FIRST_SCALE : 1;
}

/** What to give up first: faces keep moving, text stays sharp. */
export function degradationOf(slot: Slot): RTCDegradationPreference {
  return slot === 'screen' ? 'maintain-resolution' : 'maintain-framerate';
}
