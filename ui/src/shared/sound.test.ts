import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** As much of an audio context as its rest and its waking need. */
class Context extends EventTarget {
  static made: Context[] = [];
  state = 'running';
  currentTime = 0;
  destination = {};

  constructor() {
    super();
    Context.made.push(this);
  }
  createGain = () => node();
  createOscillator = () => node();
  suspend = vi.fn(() => this.#become('suspended'));
  resume = vi.fn(() => this.#become('running'));

  #become(state: string): Promise<void> {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
    return Promise.resolve();
  }
}

function node(): unknown {
  const value = {
    value: 0,
    setValueAtTime: () => undefined,
    linearRampToValueAtTime: () => undefined,
    exponentialRampToValueAtTime: () => undefined,
  };
  const made: Record<string, unknown> = { gain: value, frequency: { value: 0 } };
  for (const does of ['start', 'stop', 'disconnect']) made[does] = () => undefined;
  made['connect'] = (to: unknown) => to;
  return made;
}

const PATTERN = {
  notes: [{ at: 0, length: 0.5, pitch: 440 }],
  period: 2,
  gain: 0.1,
  voice: 'bell',
} as const;

describe('the audio context', () => {
  let sound: typeof import('./sound');
  const context = () => Context.made[0];

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.resetModules();
    Context.made = [];
    vi.stubGlobal('AudioContext', Context);
    sound = await import('./sound');
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('rests a while after the last use, once, and wakes for the next', async () => {
    const [one, other] = [sound.useAudio(), sound.useAudio()];
    one?.end();
    one?.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(context()?.suspend, 'somebody uses it').not.toHaveBeenCalled();
    other?.end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(context()?.suspend, 'it may be wanted again').not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(context()?.state).toBe('suspended');
    sound.useAudio();
    expect(context()?.state).toBe('running');
    expect(Context.made, 'one for the window').toHaveLength(1);
  });

  it('rests after a pattern that was stopped, and after one that came to its end', async () => {
    const stop = sound.playPattern({ ...PATTERN, notes: [...PATTERN.notes] });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(context()?.state).toBe('running');
    stop();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(context()?.state).toBe('suspended');
    sound.playPattern({ ...PATTERN, notes: [...PATTERN.notes] }, 2);
    await vi.advanceTimersByTimeAsync(3_500);
    expect(context()?.state, 'the second round sounds').toBe('running');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(context()?.state).toBe('suspended');
  });

  it('says that it is held back until somebody presses something, and then no more', async () => {
    const heard: boolean[] = [];
    sound.watchHeldBack((held) => heard.push(held));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(heard, 'it sounds').toEqual([false]);

    const held = context();
    const resume = held?.resume.getMockImplementation();
    held?.resume.mockImplementation(() => new Promise(() => undefined));
    if (held) held.state = 'suspended';
    heard.length = 0;
    sound.watchHeldBack((value) => heard.push(value));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(heard).toEqual([true]);
    if (resume) held?.resume.mockImplementation(resume);
    dispatchEvent(new Event('pointerdown'));
    expect(heard).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(held?.state, 'and rests').toBe('suspended');
  });

  it('is allowed to sound by a gesture after a sound that was held back, and rests again', async () => {
    const use = sound.useAudio();
    const held = context();
    const resume = held?.resume.getMockImplementation();
    held?.resume.mockImplementation(() => Promise.reject(new Error('no gesture yet')));
    if (held) held.state = 'suspended';
    const again = sound.useAudio();
    use?.end();
    again?.end();
    await vi.advanceTimersByTimeAsync(3_000);
    held?.resume.mockClear();
    if (resume) held?.resume.mockImplementation(resume);
    dispatchEvent(new Event('pointerdown'));
    expect(held?.resume).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(1);
    expect(held?.state).toBe('suspended');
    dispatchEvent(new Event('pointerdown'));
    expect(held?.resume, 'no more gestures are needed').toHaveBeenCalledOnce();
  });
});
