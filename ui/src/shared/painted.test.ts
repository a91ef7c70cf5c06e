import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stage } from '../dev/render';
import { busyHome, ring, view } from '../dev/views';
import { oncePainted } from './painted';

/** The next picture of the page; none is painted before. */
let paint: (() => void) | null;

function frame(): void {
  const painting = paint;
  paint = null;
  painting?.();
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  paint = null;
  vi.stubGlobal('requestAnimationFrame', (work: () => void) => {
    paint = work;
    return 1;
  });
  vi.stubGlobal('cancelAnimationFrame', () => (paint = null));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('what can wait until something was painted', () => {
  it('is done after the next picture, once', () => {
    const work = vi.fn();
    oncePainted(work);
    frame();
    expect(work, 'what is done in the frame is done before it is painted').not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(work).toHaveBeenCalledOnce();
  });

  it('is done without a picture after a tenth of a second', () => {
    const work = vi.fn();
    oncePainted(work);
    vi.advanceTimersByTime(100);
    expect(work).toHaveBeenCalledOnce();
  });

  it('is done at once where nobody sees the page', () => {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    const work = vi.fn();
    oncePainted(work);
    expect(work).toHaveBeenCalledOnce();
  });

  it('is not done when it was called off, before the picture or after it', () => {
    const work = vi.fn();
    oncePainted(work)();
    frame();
    const callOff = oncePainted(work);
    frame();
    callOff();
    vi.advanceTimersByTime(1_000);
    expect(work).not.toHaveBeenCalled();
  });
});

it('shows who calls before it opens the loudspeaker', () => {
  const opened = vi.fn();
  vi.stubGlobal(
    'AudioContext',
    class extends EventTarget {
      state = 'suspended';
      resume = () => Promise.resolve();
      suspend = () => Promise.resolve();
      createGain = () => {
        opened();
        return { gain: { value: 0 }, connect: () => undefined, disconnect: () => undefined };
      };
    },
  );
  const { show } = stage({ view: view(busyHome()) });
  show(view(busyHome({ rings: [ring()] })));
  expect(document.querySelector('[role=alertdialog]')).not.toBeNull();
  expect(opened).not.toHaveBeenCalled();
  frame();
  vi.advanceTimersByTime(0);
  expect(opened).toHaveBeenCalledOnce();
});
