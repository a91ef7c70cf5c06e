/** What was measured beside ours in the same run. */
export interface Peer {
  readonly name: 'peerjs' | 'chromium';
  readonly samples: readonly number[];
}

/** One line of the output. Times in ms, sizes as the unit says. */
export interface Line {
  metric: string;
  unit: string;
  ours_p50: number;
  ours_p95: number;
  peer: Peer['name'] | null;
  peer_p50: number | null;
  peer_p95: number | null;
  ratio_p50: number | null;
  target: string;
  met: boolean;
}

/** The value below which a share of the samples lies, by the nearest-rank method. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('no samples');
  return value;
}

const round = (value: number): number => Math.round(value * 100) / 100;

export function print(
  metric: string,
  unit: string,
  ours: readonly number[],
  peer: Peer | null,
  target: string,
  met: (p50: number, p95: number, ratio: number | null) => boolean,
): void {
  const p50 = percentile(ours, 0.5);
  const p95 = percentile(ours, 0.95);
  const ratio = peer ? p50 / percentile(peer.samples, 0.5) : null;
  const line: Line = {
    metric,
    unit,
    ours_p50: round(p50),
    ours_p95: round(p95),
    peer: peer?.name ?? null,
    peer_p50: peer ? round(percentile(peer.samples, 0.5)) : null,
    peer_p95: peer ? round(percentile(peer.samples, 0.95)) : null,
    ratio_p50: ratio === null ? null : round(ratio),
    target,
    met: met(p50, p95, ratio),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
