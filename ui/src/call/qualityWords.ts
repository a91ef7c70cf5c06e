import { m } from '../lib/paraglide/messages';
import type { Quality } from './quality';

/** A word for the bars and, below four, the cause. */
export function qualityWords({ bars, cause }: Quality): string {
  const word = barsWord(bars);
  switch (cause) {
    case null:
      return word;
    case 'loss':
      return m.quality_loss({ word });
    case 'delay':
      return m.quality_delay({ word });
    case 'jitter':
      return m.quality_jitter({ word });
  }
}

function barsWord(bars: Quality['bars']): string {
  switch (bars) {
    case 4:
      return m.quality_good();
    case 3:
      return m.quality_fair();
    case 2:
      return m.quality_weak();
    case 1:
      return m.quality_bad();
  }
}
