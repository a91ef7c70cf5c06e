import type { CallView, Home, LocalSlot, RingView } from '../lib/bindings';

/** How long drawing ahead waits for a moment in which nothing else is to be done, in ms. */
const LATEST_MS = 1_000;
/** Where the browser does not tell of such moments: when what rings was painted, in ms. */
const PAINTED_MS = 200;

/** Works when the browser has nothing else to do; the result calls it off. */
export function whenIdle(work: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const handle = requestIdleCallback(work, { timeout: LATEST_MS });
    return () => cancelIdleCallback(handle);
  }
  const timer = setTimeout(work, PAINTED_MS);
  return () => clearTimeout(timer);
}

/** What the call will look like if the person accepts, as far as it is known while it rings. */
export function expectedCall(ring: RingView, home: Home): CallView {
  const slot = (on: boolean): LocalSlot => ({ on, state: { type: 'off' } });
  return {
    id: ring.call,
    conversation: ring.conversation,
    name: home.conversations.find(({ id }) => id === ring.conversation)?.name ?? ring.name,
    media: ring.media,
    outgoing: false,
    stage: { type: 'connecting' },
    local: {
      audio: slot(true),
      camera: slot(ring.media === 'video'),
      screen: slot(false),
      narrow: false,
    },
    remotes: [],
    chat_open: false,
  };
}
