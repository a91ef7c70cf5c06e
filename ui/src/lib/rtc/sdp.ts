/**
 * Adds Chromium's start bitrate to every video codec of a remote description. Without it the first
 * key frame leaves at 300 kbit/s (libwebrtc's default), which spreads it over several hundred ms;
 * other browsers ignore the parameter. Payload types shared by bundled m-lines get the same
 * parameters, as libwebrtc demands.
 */
export function withStartBitrate(sdp: string, kbps: number): string {
  const parameter = `x-google-start-bitrate=${kbps}`;
  return sdp
    .split(/(?=^m=)/m)
    .map((section) => {
      if (!section.startsWith('m=video')) return section;
      const lines: string[] = [];
      const codecs = new Set<string>();
      const tuned = new Set<string>();
      for (const line of section.split('\r\n')) {
        const map = /^a=rtpmap:(\d+) (VP8|VP9|H264|AV1|H265)\//i.exec(line);
        if (map?.[1]) codecs.add(map[1]);
        const format = /^a=fmtp:(\d+) /.exec(line)?.[1];
        if (format && codecs.has(format) && !line.includes('x-google-start-bitrate')) {
          tuned.add(format);
          lines.push(`${line};${parameter}`);
        } else {
          lines.push(line);
        }
      }
      return lines
        .flatMap((line) => {
          const codec = /^a=rtpmap:(\d+) /.exec(line)?.[1];
          const bare = codec !== undefined && codecs.has(codec) && !tuned.has(codec);
          return bare ? [line, `a=fmtp:${codec} ${parameter}`] : [line];
        })
        .join('\r\n');
    })
    .join('');
}

/** The ICE generation that a description belongs to, or nothing if it does not say. */
export function ufragOf(sdp: string): string {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';
}

/** The first m-line's name: all are bundled on its transport. */
export function firstMidOf(sdp: string): string {
  return /^a=mid:(\S+)/m.exec(sdp)?.[1] ?? '';
}
