/**
 * Prefers copies of the voice in the packets after it (RED, RFC 2198), where this browser knows them:
 * what one packet loses the next one brings. Which of both sides takes them, the descriptions say.
 */
export function withCopies(transceiver: RTCRtpTransceiver): void {
  // Firefox has it from 128 on.
  if (!('setCodecPreferences' in transceiver)) return;
  const codecs = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
  const red = codecs.filter(isRed);
  if (red.length === 0) return;
  transceiver.setCodecPreferences([...red, ...codecs.filter((codec) => !isRed(codec))]);
}

function isRed({ mimeType }: RTCRtpCodec): boolean {
  return mimeType.toLowerCase() === 'audio/red';
}
