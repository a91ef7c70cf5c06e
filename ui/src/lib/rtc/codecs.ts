import type { Slot } from '../bindings';
import { kindOf } from './slots';

/**
 * What is offered and answered, most wanted first: what every side speaks, with what repairs it. All
 * that a browser knows besides makes a description ten times as long, which is written, carried and
 * read at both ends before the first picture, and is never sent.
 */
const WANTED = {
  audio: ['audio/opus'],
  video: ['video/vp8', 'video/rtx', 'video/red', 'video/ulpfec'],
} as const;

/**
 * Copies of the voice in the packets after it (RED, RFC 2198), where this browser knows them: what
 * one packet loses the next one brings. Which of both sides takes them, the descriptions say.
 */
const COPIES = 'audio/red';

/** Prefers the codecs of a slot, before it is described. */
export function preferCodecs(slot: Slot, transceiver: RTCRtpTransceiver): void {
  // Firefox has it from 128 on.
  if (!('setCodecPreferences' in transceiver)) return;
  const kind = kindOf(slot);
  const wanted: readonly string[] = slot === 'audio' ? [COPIES, ...WANTED.audio] : WANTED[kind];
  const known = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const [main] = WANTED[kind];
  // Without it, whatever the browser has is better than nothing.
  if (!known.some((codec) => nameOf(codec) === main)) return;
  transceiver.setCodecPreferences(
    wanted.flatMap((name) => known.filter((codec) => nameOf(codec) === name)),
  );
}

function nameOf({ mimeType }: RTCRtpCodec): string {
  return mimeType.toLowerCase();
}
