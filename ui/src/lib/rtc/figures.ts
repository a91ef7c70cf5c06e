import type { Figures } from './peers';

/** The counters that a reading is the difference of. */
export interface Counters {
  at: number;
  bytesUp: number;
  bytesDown: number;
  packetsDown: number;
  lostDown: number;
}

/** What one report says: the next counters, and the figures since `before`. */
export interface Reading {
  counters: Counters;
  figures: Figures;
}

type Stat = Record<string, unknown> & { id: string; type: string };

/** Reads a report of `RTCPeerConnection.getStats`. Nothing without a selected pair. */
export function readFigures(
  report: { forEach(callback: (stat: Stat) => void): void },
  at: number,
  before: Counters | null,
): Reading | null {
  const stats = new Map<string, Stat>();
  report.forEach((stat) => stats.set(stat.id, stat));
  const pair = selectedPair(stats);
  if (!pair) return null;

  let packetsDown = 0;
  let lostDown = 0;
  let jitter = 0;
  let lossUp = 0;
  let picture: Stat | null = null;
  for (const stat of stats.values()) {
    if (stat.type === 'inbound-rtp') {
      packetsDown += number(stat['packetsReceived']);
      lostDown += Math.max(0, number(stat['packetsLost']));
      if (stat['kind'] === 'audio') jitter = Math.max(jitter, number(stat['jitter']) * 1000);
      if (stat['kind'] === 'video' && isLarger(stat, picture)) picture = stat;
    } else if (stat.type === 'remote-inbound-rtp') {
      lossUp = Math.max(lossUp, number(stat['fractionLost']));
    }
  }

  const counters = {
    at,
    bytesUp: number(pair['bytesSent']),
    bytesDown: number(pair['bytesReceived']),
    packetsDown,
    lostDown,
  };
  const since = before ?? { at, bytesUp: 0, bytesDown: 0, packetsDown: 0, lostDown: 0 };
  const seconds = (at - since.at) / 1000;
  const rate = (now: number, then: number): number =>
    seconds > 0 ? (Math.max(0, now - then) * 8) / seconds : 0;
  const lost = Math.max(0, counters.lostDown - since.lostDown);
  const received = Math.max(0, counters.packetsDown - since.packetsDown);
  const roundTrip = pair['currentRoundTripTime'];
  return {
    counters,
    figures: {
      at,
      bitrateUp: rate(counters.bytesUp, since.bytesUp),
      bitrateDown: rate(counters.bytesDown, since.bytesDown),
      lossUp: Math.min(1, Math.max(0, lossUp)),
      lossDown: lost + received > 0 ? lost / (lost + received) : 0,
      roundTrip: typeof roundTrip === 'number' ? roundTrip * 1000 : null,
      jitter,
      framesPerSecond: number(picture?.['framesPerSecond']),
      frameWidth: number(picture?.['frameWidth']),
      frameHeight: number(picture?.['frameHeight']),
      path: pathOf(stats, pair),
    },
  };
}

function selectedPair(stats: Map<string, Stat>): Stat | null {
  for (const stat of stats.values()) {
    const id = stat.type === 'transport' ? stat['selectedCandidatePairId'] : undefined;
    const pair = typeof id === 'string' ? stats.get(id) : undefined;
    if (pair) return pair;
  }
  // Firefox has no transport stats.
  for (const stat of stats.values()) {
    const isPair = stat.type === 'candidate-pair';
    if (
      isPair &&
      (stat['selected'] === true || (stat['nominated'] === true && stat['state'] === 'succeeded'))
    ) {
      return stat;
    }
  }
  return null;
}

function pathOf(stats: Map<string, Stat>, pair: Stat): Figures['path'] {
  const local = stats.get(String(pair['localCandidateId']));
  const remote = stats.get(String(pair['remoteCandidateId']));
  if (!local) return 'unknown';
  if (local['candidateType'] === 'relay') {
    return local['relayProtocol'] === 'tcp' || local['relayProtocol'] === 'tls'
      ? 'relayed-tcp'
      : 'relayed';
  }
  return remote?.['candidateType'] === 'relay' ? 'relayed' : 'direct';
}

/** Compares by what is shown at present: a still screen counts less than a moving face. */
function isLarger(stat: Stat, than: Stat | null): boolean {
  const area = (of: Stat): number =>
    number(of['framesPerSecond']) > 0 ? number(of['frameWidth']) * number(of['frameHeight']) : 0;
  return than === null || area(stat) > area(than);
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
