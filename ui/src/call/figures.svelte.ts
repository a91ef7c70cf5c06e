import type { PeerId } from '../lib/bindings';
import type { Client } from '../lib/client.svelte';
import type { Figures } from '../lib/rtc/peers';
import { judge, type Quality } from './quality';

/** Readings kept for the charts: three minutes. */
const KEPT = 180;
/** Between two readings in ms. */
const EVERY = 1000;

/** Reads a peer's figures once a second. The only reader: each reading starts from the last. */
export class Readings {
  /** Oldest first. */
  all = $state.raw<Figures[]>([]);
  readonly last: Figures | null = $derived(this.all.at(-1) ?? null);
  /** The worst of the last three, so that one late packet does not flicker. */
  readonly quality: Quality | null = $derived.by(() => {
    const recent = this.all.slice(-3).map(judge);
    return recent.reduce<Quality | null>(
      (worst, quality) => (worst && worst.bars <= quality.bars ? worst : quality),
      null,
    );
  });

  /** Reads until the returned function is called. */
  read(client: Client, peer: PeerId): () => void {
    let stopped = false;
    const timer = setInterval(() => {
      void client.figures(peer).then((figures) => {
        if (figures && !stopped) this.all = [...this.all.slice(1 - KEPT), figures];
      });
    }, EVERY);
    return () => {
      stopped = true;
      clearInterval(timer);
      this.all = [];
    };
  }
}
