import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  document.addEventListener('fullscreenchange', update);
  return () => document.removeEventListener('fullscreenchange', update);
});

/**
 * The whole page on the whole screen: a part of it would leave dialogs, notices and the next call
 * that rings behind.
 */
export const fullScreen = {
  get possible(): boolean {
    return document.fullscreenEnabled === true;
  },

  /** Reactive. */
  get on(): boolean {
    subscribe();
    return Boolean(document.fullscreenElement);
  },

  toggle(): void {
    if (document.fullscreenElement) fullScreen.leave();
    // A refusal leaves all as it is.
    else void document.documentElement.requestFullscreen?.().catch(() => undefined);
  },

  leave(): void {
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  },
};
