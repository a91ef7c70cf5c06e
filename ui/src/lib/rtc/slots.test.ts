import { expect, test } from 'vitest';
import { AT_FIRST, encodingOf } from './slots';

const up = { sharp: true, copies: false };

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
