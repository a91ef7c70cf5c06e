import { expect, test } from 'vitest';
import { readFigures } from './figures';

type Report = Parameters<typeof readFigures>[0];

function report(overrides: Record<string, object> = {}): Report {
  const stats: Record<string, object> = {
    T: { type: 'transport', selectedCandidatePairId: 'P' },
    P: {
      type: 'candidate-pair',
      bytesSent: 100_000,
      bytesReceived: 200_000,
      currentRoundTripTime: 0.05,
      localCandidateId: 'L',
      remoteCandidateId: 'R',
    },
    L: { type: 'local-candidate', candidateType: 'host' },
    R: { type: 'remote-candidate', candidateType: 'srflx' },
    A: { type: 'inbound-rtp', kind: 'audio', packetsReceived: 90, packetsLost: 10, jitter: 0.004 },
    V: {
      type: 'inbound-rtp',
      kind: 'video',
      packetsReceived: 100,
      packetsLost: 0,
      framesPerSecond: 30,
      frameWidth: 1280,
      frameHeight: 720,
    },
    S: {
      type: 'inbound-rtp',
      kind: 'video',
      framesPerSecond: 0,
      frameWidth: 3840,
      frameHeight: 2160,
    },
    F: { type: 'remote-inbound-rtp', kind: 'video', fractionLost: 0.02 },
    ...overrides,
  };
  const entries = Object.entries(stats).map(([id, stat]) => ({ id, ...stat }) as never);
  return { forEach: (callback) => entries.forEach(callback) };
}

test('rates and loss are of the time since the reading before', () => {
  const before = { at: 1_000, bytesUp: 50_000, bytesDown: 75_000, packetsDown: 100, lostDown: 5 };
  const reading = readFigures(report(), 3_000, before);
  expect(reading?.figures).toEqual({
    at: 3_000,
    bitrateUp: 200_000,
    bitrateDown: 500_000,
    lossUp: 0.02,
    lossDown: 5 / (5 + 90),
    roundTrip: 50,
    jitter: 4,
    framesPerSecond: 30,
    frameWidth: 1280,
    frameHeight: 720,
    path: 'direct',
  });
});

test('the first reading has no rates to show', () => {
  expect(readFigures(report(), 3_000, null)?.figures.bitrateUp).toBe(0);
});

test('counters that start again after a new path give no negative rate', () => {
  const before = { at: 1_000, bytesUp: 1e9, bytesDown: 1e9, packetsDown: 1e6, lostDown: 1e4 };
  const figures = readFigures(report(), 3_000, before)?.figures;
  expect([figures?.bitrateUp, figures?.bitrateDown, figures?.lossDown]).toEqual([0, 0, 0]);
});

test.each([
  [{ L: { type: 'local-candidate', candidateType: 'relay', relayProtocol: 'udp' } }, 'relayed'],
  [{ L: { type: 'local-candidate', candidateType: 'relay', relayProtocol: 'tls' } }, 'relayed-tcp'],
  [{ R: { type: 'remote-candidate', candidateType: 'relay' } }, 'relayed'],
  [{ L: { type: 'gone' }, P: { type: 'candidate-pair', localCandidateId: 'X' } }, 'unknown'],
])('the path follows from the candidates: %o is %s', (overrides, path) => {
  expect(readFigures(report(overrides), 0, null)?.figures.path).toBe(path);
});

test('without transport statistics the selected pair counts', () => {
  const pair = { type: 'candidate-pair', selected: true, bytesSent: 1, bytesReceived: 1 };
  expect(readFigures(report({ T: { type: 'other' }, P: pair }), 0, null)).not.toBeNull();
});

test('without a pair there are no figures', () => {
  expect(readFigures(report({ T: { type: 'other' }, P: { type: 'other' } }), 0, null)).toBeNull();
});
