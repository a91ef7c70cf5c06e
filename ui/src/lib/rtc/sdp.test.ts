import { expect, test } from 'vitest';
import { firstMidOf, ufragOf, withRoleKept, withStartBitrate } from './sdp';

const SDP = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=ice-ufrag:abcd',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102',
  'a=mid:1',
  'a=ice-ufrag:abcd',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:102 H264/90000',
  'a=fmtp:102 packetization-mode=1;profile-level-id=42e01f',
  '',
].join('\r\n');

test('every video codec starts at the bitrate, with and without parameters of its own', () => {
  const lines = withStartBitrate(SDP, 1000).split('\r\n');
  expect(lines).toContain('a=fmtp:96 x-google-start-bitrate=1000');
  expect(lines).toContain(
    'a=fmtp:102 packetization-mode=1;profile-level-id=42e01f;x-google-start-bitrate=1000',
  );
  expect(lines.indexOf('a=fmtp:96 x-google-start-bitrate=1000')).toBe(
    lines.indexOf('a=rtpmap:96 VP8/90000') + 1,
  );
});

test('sound, retransmissions and everything else stay as they are', () => {
  const tuned = withStartBitrate(SDP, 1000);
  const without = tuned.replace('a=fmtp:96 x-google-start-bitrate=1000\r\n', '');
  expect(without.replace(';x-google-start-bitrate=1000', '')).toBe(SDP);
});

test('applied twice it is as applied once', () => {
  const once = withStartBitrate(SDP, 1000);
  expect(withStartBitrate(once, 1000)).toBe(once);
});

test('a description names its generation and its transport', () => {
  expect(ufragOf(SDP)).toBe('abcd');
  expect(firstMidOf(SDP)).toBe('0');
  expect(ufragOf('not a description')).toBe('');
});

const description = (type: RTCSdpType, setup: string, fingerprint = 'sha-256 AA:BB') => ({
  type,
  sdp: `v=0\r\na=fingerprint:${fingerprint}\r\nm=audio\r\na=setup:${setup}\r\nm=video\r\na=setup:${setup}\r\n`,
});

test('an answer keeps the DTLS role that its sender has, whoever offered first', () => {
  const answer = description('answer', 'active').sdp;
  const kept = description('answer', 'passive').sdp;
  const theyOffered = [description('answer', 'active'), description('offer', 'actpass')] as const;
  expect(withRoleKept(answer, ...theyOffered)).toBe(kept);
  const theyAnswered = [description('offer', 'actpass'), description('answer', 'passive')] as const;
  expect(withRoleKept(answer, ...theyAnswered)).toBe(kept);
  const theyAreRight = [description('offer', 'actpass'), description('answer', 'active')] as const;
  expect(withRoleKept(answer, ...theyAreRight)).toBe(answer);
});

test('a first answer, or one with a new certificate, chooses its role', () => {
  const answer = description('answer', 'active').sdp;
  expect(withRoleKept(answer, null, null)).toBe(answer);
  const other = description('offer', 'actpass', 'sha-256 CC:DD');
  expect(withRoleKept(answer, description('answer', 'active'), other)).toBe(answer);
});
