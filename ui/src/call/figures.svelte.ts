import type { PeerId } from '../lib/bindings';
import type { Client } from '../lib/client.svelte';
import type { Figures } from '../lib/rtc/peers';
import { judge, type Quality } from './quality';

/** How long a reading is kept for the charts, in ms. */
const KEPT_MS = 180_000;
/** Between two readings while somebody looks at them, or something is amiss, in ms. */
const CLOSE_MS = 1_000;
/** Between two readings of a connection that is well: longer shows later that it is not, in ms. */
const CALM_MS = 3_000;

/** Reads a peer's figures. The only reader: each reading starts from the last. */
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
  #looked = false;
  /** Reads at once, while there is somebody to read of. */
  #now: (() => void) | null = null;

  /** Somebody looks at the figures, or does so no longer. */
  look(looked: boolean): void {
    if (looked === this.#looked) return;
    this.#looked = looked;
    if (looked) this.#now?.();
  }

  /** Reads until the returned function is called. */
  read(client: Client, peer: PeerId): () => void {
    let timer: ReturnType<typeof setTimeout>;
    let stopped = false;
    const again = (): void => {
      if (stopped) return;
      const calm = !this.#looked && this.quality?.bars === 4;
      clearTimeout(timer);
      timer = setTimeout(reading, calm ? CALM_MS : CLOSE_MS);
    };
    const reading = (): void => {
      clearTimeout(timer);
      void client.figures(peer).then((figures) => {
        if (stopped) return;
        if (figures) {
          const kept = this.all.filter(({ at }) => at > figures.at - KEPT_MS);
          this.all = [...kept, figures];
        }
        again();
      }, again);
    };
    timer = setTimeout(reading, CLOSE_MS);
    this.#now = reading;
    return () => {
      stopped = true;
      this.#now = null;
      clearTimeout(timer);
      this.all = [];
    };
  }
}
