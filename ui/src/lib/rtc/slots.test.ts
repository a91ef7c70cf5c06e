import { expect, test } from 'vitest';
import { AT_FIRST, encodingOf, voiceOf } from './slots';

const up = { ...AT_FIRST, sharp: true, copies: false };

test('a voice that may be sent with copies takes no more of the path than one without', () => {
  expect(encodingOf('audio', { ...up, copies: true }).maxBitrate).toBe(32_000);
  expect(encodingOf('audio', up).maxBitrate).toBe(64_000);
  expect(encodingOf('screenAudio', { ...up, copies: true }).maxBitrate).toBe(128_000);
});

test('the limit of a voice with copies is the same from the first packet on', () => {
  const later = encodingOf('audio', { ...up, copies: true }).maxBitrate;
  expect(encodingOf('audio', AT_FIRST).maxBitrate).toBe(later);
});

test('the first pictures of a camera are half as large', () => {
  expect(encodingOf('camera', AT_FIRST).scaleResolutionDownBy).toBe(2);
  expect(encodingOf('camera', up).scaleResolutionDownBy).toBe(1);
  expect(encodingOf('screen', AT_FIRST).scaleResolutionDownBy).toBe(1);
});

test('pictures that are held are not encoded, and the sound goes on with less', () => {
  const held = { ...up, pictures: 'held', sound: 16_000 } as const;
  expect(encodingOf('camera', held).active).toBe(false);
  expect(encodingOf('screen', held).active).toBe(false);
  expect(encodingOf('audio', held)).toMatchObject({ maxBitrate: 16_000, priority: 'high' });
  expect(encodingOf('audio', held).active).toBeUndefined();
  expect(encodingOf('camera', up).active).toBe(true);
});

test('copies count as sound', () => {
  const copies = { ...up, copies: true };
  expect(voiceOf({ ...copies, sound: 58_000 })).toBe(29_000);
  expect(voiceOf({ ...copies, sound: 16_000 })).toBe(8_000);
  expect(voiceOf({ ...copies, sound: 8_000 }), 'what Opus makes at least').toBe(6_000);
  expect(voiceOf({ ...up, sound: 58_000 })).toBe(58_000);
});

test('pictures come back small', () => {
  expect(encodingOf('screen', { ...up, pictures: 'small' }).scaleResolutionDownBy).toBe(4);
  expect(encodingOf('camera', { ...up, pictures: 'small' }).scaleResolutionDownBy).toBe(4);
});
