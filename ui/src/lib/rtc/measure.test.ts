import { expect, test } from 'vitest';
import { type Measure, readMeasure, told } from './measure';

const at = (seconds: number, estimate: number, bytes = seconds * 10_000): Measure => ({
  at: seconds * 1000,
  estimate,
  bytes,
  voice: null,
});

test('a narrow path is told each time with what was sent, and a wide one once', () => {
  expect(told(null, at(0, 1_500_000))).toBeNull();
  expect(told(at(0, 1_500_000), at(1, 90_000))).toEqual({ estimate: 90_000, sent: 80_000 });
  expect(told(at(1, 90_000), at(2, 90_000))).toEqual({ estimate: 90_000, sent: 80_000 });
  expect(told(at(2, 90_000), at(3, 1_500_000))).toEqual({ estimate: 400_000, sent: 80_000 });
  expect(told(at(3, 1_500_000), at(4, 1_500_000))).toBeNull();
});

test('the first measure of a narrow path says nothing of what was sent', () => {
  expect(told(null, at(1, 90_000))).toEqual({ estimate: 90_000, sent: 0 });
});

test('a connection that began anew sends nothing negative', () => {
  expect(told(at(5, 90_000), at(6, 90_000, 100))?.sent).toBe(0);
});

test('only the path in use is read, and nothing where the browser does not estimate', () => {
  const pair = { type: 'candidate-pair', timestamp: 5, bytesSent: 7 };
  expect(readMeasure([{ ...pair, nominated: false, availableOutgoingBitrate: 1 }])).toBeNull();
  expect(readMeasure([{ ...pair, nominated: true }])).toBeNull();
  const used = { ...pair, nominated: true, availableOutgoingBitrate: 90_000 };
  expect(readMeasure([used])).toEqual({ at: 5, estimate: 90_000, bytes: 7, voice: null });
  const voice = { type: 'outbound-rtp', targetBitrate: 8_000 };
  expect(readMeasure([voice, used])?.voice).toBe(8_000);
});
