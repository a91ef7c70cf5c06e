/**
 * Adds Chromium's start bitrate to every video codec of a remote description. Without it the first
 * key frame leaves at 300 kbit/s (libwebrtc's default), which spreads it over several hundred ms;
 * other browsers ignore the parameter. Payload types shared by bundled m-lines get the same
 * parameters, as libwebrtc demands.
 */
export function withStartBitrate(sdp: string, kbps: number): string {
  return sdp
    .split(/(?=^m=)/m)
    .map((section) => (section.startsWith('m=video') ? tuned(section, kbps) : section))
    .join('');
}

function tuned(section: string, kbps: number): string {
  const parameter = `x-google-start-bitrate=${kbps}`;
  const codecs = new Set(matches(section, /^a=rtpmap:(\d+) (?:VP8|VP9|H264|H265|AV1)\//gim));
  const parametrised = new Set(matches(section, /^a=fmtp:(\d+) /gm));
  return section
    .split('\r\n')
    .flatMap((line) => {
      const map = /^a=rtpmap:(\d+) /.exec(line)?.[1];
      if (map && codecs.has(map) && !parametrised.has(map))
        return [line, `a=fmtp:${map} ${parameter}`];
      const format = /^a=fmtp:(\d+) /.exec(line)?.[1];
      const adds = format && codecs.has(format) && !line.includes('x-google-start-bitrate');
      return [adds ? `${line};${parameter}` : line];
    })
    .join('\r\n');
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, first]) => first ?? '');
}

/**
 * An answer in the DTLS role that its sender already has. Firefox 153 says `active` in every answer,
 * also where it is the server of a connection that goes on; libwebrtc refuses the change. The role is
 * negotiated anew only with a new certificate (RFC 8842).
 */
export function withRoleKept(
  answer: string,
  local: RTCSessionDescriptionInit | null,
  remote: RTCSessionDescriptionInit | null,
): string {
  if (!remote?.sdp || fingerprintOf(remote.sdp) !== fingerprintOf(answer)) return answer;
  const said = setupOf((remote.type === 'answer' ? remote : local)?.sdp ?? '');
  const role = remote.type === 'answer' ? said : OPPOSITE[said];
  if (role !== 'active' && role !== 'passive') return answer;
  return answer.replace(/^a=setup:(?:active|passive)/gm, `a=setup:${role}`);
}

const OPPOSITE: Record<string, string> = { active: 'passive', passive: 'active' };

function setupOf(sdp: string): string {
  return /^a=setup:(\S+)/m.exec(sdp)?.[1] ?? '';
}

function fingerprintOf(sdp: string): string {
  return /^a=fingerprint:(\S+ \S+)/m.exec(sdp)?.[1]?.toLowerCase() ?? '';
}

/** The ICE generation that a description belongs to, or nothing if it does not say. */
export function ufragOf(sdp: string): string {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';
}

/** The first m-line's name: all are bundled on its transport. */
export function firstMidOf(sdp: string): string {
  return /^a=mid:(\S+)/m.exec(sdp)?.[1] ?? '';
}
