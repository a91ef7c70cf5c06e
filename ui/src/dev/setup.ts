import '@testing-library/jest-dom/vitest';
import { cleanup } from '@testing-library/svelte';
import { afterEach } from 'vitest';

/** What jsdom lacks and the components touch. Nothing here decides the outcome of a test. */
class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

class FakeStream {
  readonly #tracks: MediaStreamTrack[];
  constructor(tracks: MediaStreamTrack[] = []) {
    this.#tracks = tracks;
  }
  getTracks(): MediaStreamTrack[] {
    return this.#tracks;
  }
}

/** Tests of pure modules ask for an environment without a document. */
if (typeof document !== 'undefined') {
  const matchMedia = () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  });
  Object.assign(globalThis, { ResizeObserver: NoObserver, MediaStream: FakeStream, matchMedia });
  Object.assign(HTMLMediaElement.prototype, { play: () => Promise.resolve() });
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', { value: null, writable: true });
  Object.assign(Element.prototype, {
    scrollIntoView: () => undefined,
    setPointerCapture: () => undefined,
    hasPointerCapture: () => false,
    releasePointerCapture: () => undefined,
  });

  afterEach(() => {
    cleanup();
    document.body.innerHTML = '';
    history.replaceState(null, '', '/');
  });
}
