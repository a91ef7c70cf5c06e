import type { Figures } from '../lib/rtc/peers';

/** What spoils a connection. */
export type Cause = 'loss' | 'delay' | 'jitter';

export interface Quality {
  bars: 1 | 2 | 3 | 4;
  /** Null at four bars. */
  cause: Cause | null;
}

/**
 * The worst value that still earns 4, 3 and 2 bars. Round trip: twice the one-way limits of ITU-T
 * G.114 (150 ms unnoticed, 400 ms hardly usable). Loss: Opus conceals 2 % well and suffers from
 * 8 % on. Jitter: what a jitter buffer of 40 to 120 ms hides.
 */
const LIMITS: Record<Cause, [number, number, number]> = {
  loss: [0.02, 0.05, 0.1],
  delay: [300, 500, 800],
  jitter: [30, 60, 120],
};

/** Judges one reading by its worst figure. */
export function judge(figures: Figures): Quality {
  const values: Record<Cause, number> = {
    loss: Math.max(figures.lossUp, figures.lossDown),
    delay: figures.roundTrip ?? 0,
    jitter: figures.jitter,
  };
  let worst: Quality = { bars: 4, cause: null };
  for (const cause of ['loss', 'delay', 'jitter'] as const) {
    const bars = barsOf(values[cause], LIMITS[cause]);
    if (bars < worst.bars) worst = { bars, cause };
  }
  return worst;
}

function barsOf(value: number, [four, three, two]: [number, number, number]): Quality['bars'] {
  if (value <= four) return 4;
  if (value <= three) return 3;
  return value <= two ? 2 : 1;
}
