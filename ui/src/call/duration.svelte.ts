/** A clock that ticks each second while somebody reads it. */
import { createSubscriber } from 'svelte/reactivity';

const tick = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/**
 * Seconds since a call was answered. `since` is the relay's clock and this device's may differ, so
 * a call never shows less than nothing.
 */
export function secondsSince(since: number): number {
  tick();
  return Math.max(0, (Date.now() - since) / 1000);
}
