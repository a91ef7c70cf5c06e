import { screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeMedia } from '../dev/fake';
import { stage } from '../dev/render';
import { busyHome, call, view } from '../dev/views';

const WORDS = 'You are muted: nobody hears you';

/** What the microphone hears, as the browser's audio graph would hand it to a meter. */
let loud = false;
let sources = 0;
let readings = 0;

class Graph {
  state = 'running';
  resume = () => Promise.resolve();
  suspend = () => Promise.resolve();
  createMediaStreamSource() {
    sources += 1;
    return { connect: () => undefined, disconnect: () => (sources -= 1) };
  }
  createAnalyser() {
    return {
      fftSize: 0,
      getFloatTimeDomainData: (samples: Float32Array) => {
        readings += 1;
        for (let n = 0; n < samples.length; n += 1) {
          const syllable = loud ? Math.max(0.02, Math.sin((8 * n) / samples.length)) : 0;
          samples[n] = 0.2 * syllable * Math.sin(n / 6);
        }
      },
    };
  }
}

class Media extends FakeMedia {
  unsent = () => ({ kind: 'audio' }) as unknown as MediaStreamTrack;
}

function showing(on: boolean) {
  const now = call({ type: 'connected', since: Date.now() });
  const audio = on
    ? { on, state: { type: 'live' as const, label: 'mic' } }
    : { on, state: { type: 'off' as const } };
  return view(busyHome({ call: { ...now, local: { ...now.local, audio } } }));
}

const shown = () => screen.queryAllByText(WORDS).some((one) => !one.hasAttribute('role'));
const said = () => screen.queryAllByText(WORDS).some((one) => one.role === 'status');

function pass(ms: number) {
  vi.advanceTimersByTime(ms);
  flushSync();
}

describe('somebody who is muted', () => {
  beforeEach(() => {
    [loud, sources, readings] = [false, 0, 0];
    vi.useFakeTimers();
    vi.stubGlobal('AudioContext', Graph);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('reads it while speaking, soon, and not longer', () => {
    stage({ view: showing(false) }, new Media());
    pass(3_000);
    expect(shown()).toBe(false);
    loud = true;
    pass(1_000);
    expect(shown()).toBe(true);
    loud = false;
    pass(4_000);
    expect(shown()).toBe(false);
  });

  it('hears it from a reader at most once in twenty seconds', () => {
    stage({ view: showing(false) }, new Media());
    loud = true;
    pass(1_000);
    expect(said()).toBe(true);
    loud = false;
    pass(4_000);
    loud = true;
    pass(2_000);
    expect([shown(), said()]).toEqual([true, false]);
    pass(20_000);
    expect(said()).toBe(true);
  });

  it('costs four readings a second, and none when not muted', () => {
    const { show } = stage({ view: showing(true) }, new Media());
    loud = true;
    pass(10_000);
    expect([readings, sources, shown()]).toEqual([0, 0, false]);
    show(showing(false));
    pass(10_000);
    expect(readings).toBe(40);
    expect(sources).toBe(1);
    show(showing(true));
    pass(10_000);
    expect([readings, sources, shown()]).toEqual([40, 0, false]);
  });
});
