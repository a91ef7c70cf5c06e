/** A clock that ticks each second while somebody reads it. */
import { createSubscriber } from 'svelte/reactivity';

const tick = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** Seconds since a call was answered, anew each second. `now` is `Client.now()`. */
export function secondsSince(since: number, now: number): number {
  tick();
  return Math.max(0, (now - since) / 1000);
}
