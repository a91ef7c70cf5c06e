/** The estimate from which nothing has to give way, in bit/s: `ENOUGH` of the core. */
const ENOUGH = 400_000;

/** What a sender's statistics say of the path. */
export interface Measure {
  /** ms on the clock of the statistics. */
  at: number;
  /** Bit/s that the browser believes the path carries. */
  estimate: number;
  /** Bytes sent so far. */
  bytes: number;
  /** Bit/s that the encoder of the voice makes, where the browser says. */
  voice: number | null;
}

type Stat = Record<string, unknown> & { type: string };

/** Nothing where the browser does not estimate (Firefox). */
export function readMeasure(report: {
  forEach(callback: (stat: Stat) => void): void;
}): Measure | null {
  let path: Omit<Measure, 'voice'> | null = null;
  let voice: number | null = null;
  report.forEach((stat) => {
    const { type, nominated, timestamp, availableOutgoingBitrate, bytesSent, targetBitrate } = stat;
    if (type === 'outbound-rtp' && typeof targetBitrate === 'number') voice = targetBitrate;
    if (type !== 'candidate-pair' || nominated !== true) return;
    if (typeof availableOutgoingBitrate !== 'number' || typeof bytesSent !== 'number') return;
    path = { at: Number(timestamp), estimate: availableOutgoingBitrate, bytes: bytesSent };
  });
  return path && { ...(path as Omit<Measure, 'voice'>), voice };
}

/** What the core is told from one measure to the next. */
export interface Told {
  estimate: number;
  sent: number;
}

/** Says what to tell the core: a narrow path each time, a wide one once. */
export function told(before: Measure | null, now: Measure): Told | null {
  const enough = (measure: Measure | null): boolean =>
    measure === null || measure.estimate >= ENOUGH;
  if (enough(before) && enough(now)) return null;
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const sent = before && seconds > 0 ? ((now.bytes - before.bytes) * 8) / seconds : 0;
  return {
    estimate: Math.round(Math.min(now.estimate, ENOUGH)),
    sent: Math.max(0, Math.round(sent)),
  };
}
