import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SlotState } from '../bindings';
import { Capture, type Taker } from './capture';
import type { Opened } from './devices';
import type { Source } from './slots';

/** A track that ends when it is stopped, and can be unplugged. */
class FakeTrack extends EventTarget {
  enabled = true;
  readyState: MediaStreamTrackState = 'live';
  contentHint = '';
  constructor(
    readonly kind: 'audio' | 'video',
    readonly label: string,
  ) {
    super();
  }
  stop(): void {
    this.readyState = 'ended';
  }
  clone(): FakeTrack {
    const clone = new FakeTrack(this.kind, this.label);
    clone.enabled = this.enabled;
    return clone;
  }
  unplug(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

/** Devices whose opening the test completes. */
class Bench {
  readonly asked: { device: string | null; settle: (opened: Opened) => void }[] = [];
  readonly capture: Capture;
  readonly #kind: 'audio' | 'video';

  constructor(source: Source) {
    this.#kind = source === 'audio' ? 'audio' : 'video';
    this.capture = new Capture(
      source,
      (device) => new Promise((settle) => this.asked.push({ device, settle })),
      () => undefined,
    );
  }

  async answer(label: string, index = this.asked.length - 1): Promise<FakeTrack> {
    const track = new FakeTrack(this.#kind, label);
    await this.#settle(index, {
      type: 'opened',
      main: track as unknown as MediaStreamTrack,
      sound: null,
    });
    return track;
  }

  refuse(problem: 'missing' | 'busy' | 'denied', index = this.asked.length - 1): Promise<void> {
    return this.#settle(index, { type: 'failed', problem });
  }

  async #settle(index: number, opened: Opened): Promise<void> {
    this.asked[index]?.settle(opened);
    await vi.advanceTimersByTimeAsync(0);
  }
}

class Ear implements Taker {
  readonly states: SlotState[] = [];
  track: MediaStreamTrack | null = null;
  put(main: MediaStreamTrack | null): void {
    this.track = main;
  }
  report(state: SlotState): void {
    this.states.push(state);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const live = (label: string): SlotState => ({ type: 'live', label });
const unavailable = (problem: 'unplugged' | 'missing' | 'busy'): SlotState => ({
  type: 'unavailable',
  problem,
});

test('two peers share one device, which closes after the last of them', async () => {
  const bench = new Bench('camera');
  const [first, second] = [new Ear(), new Ear()];
  bench.capture.take(1, first, null);
  bench.capture.take(2, second, null);
  const track = await bench.answer('cam');
  expect(bench.asked.length, 'the device is opened once').toBe(1);
  expect([first.track, second.track]).toEqual([track, track]);
  bench.capture.leave(1);
  vi.advanceTimersByTime(60_000);
  expect(track.readyState, 'the other peer still sends it').toBe('live');
  bench.capture.leave(2);
  expect(track.enabled, 'nothing is seen from this moment on').toBe(false);
  vi.advanceTimersByTime(60_000);
  expect(track.readyState, 'the light goes out').toBe('ended');
});

test('unmuting within a moment takes the device that is still open', async () => {
  const bench = new Bench('audio');
  const ear = new Ear();
  bench.capture.take(1, ear, null);
  const track = await bench.answer('mic');
  bench.capture.leave(1);
  expect(ear.track).toBeNull();
  bench.capture.take(1, ear, null);
  expect(ear.track).toBe(track);
  expect(track.enabled).toBe(true);
  expect(ear.states).toEqual([live('mic'), { type: 'off' }, live('mic')]);
  vi.advanceTimersByTime(60_000);
  expect(track.readyState, 'the closing was called off').toBe('live');
});

test('the last connection takes the device along at once', async () => {
  const bench = new Bench('audio');
  bench.capture.take(1, new Ear(), null);
  const track = await bench.answer('mic');
  bench.capture.leave(1, true);
  expect(track.readyState).toBe('ended');
});

test('a device that opens after everybody left is closed again and reports nothing', async () => {
  const bench = new Bench('camera');
  const ear = new Ear();
  bench.capture.take(1, ear, null);
  bench.capture.leave(1);
  const track = await bench.answer('cam');
  expect(track.readyState).toBe('ended');
  expect(ear.states).toEqual([{ type: 'off' }]);
});

test('a camera is sent until the other one is there', async () => {
  const bench = new Bench('camera');
  const ear = new Ear();
  bench.capture.take(1, ear, 'one');
  const one = await bench.answer('one');
  bench.capture.take(1, ear, 'two');
  expect(one.readyState).toBe('live');
  const two = await bench.answer('two');
  expect([one.readyState, ear.track]).toEqual(['ended', two]);
  expect(ear.states).toEqual([live('one'), live('two')]);
});

test('of two switches the later one counts, whichever device opens first', async () => {
  const bench = new Bench('camera');
  const ear = new Ear();
  bench.capture.take(1, ear, 'one');
  bench.capture.take(1, ear, 'two');
  const two = await bench.answer('two', 1);
  const one = await bench.answer('one', 0);
  expect([one.readyState, ear.track]).toEqual(['ended', two]);
});

test('leaving in the middle of a switch closes the old device at once', async () => {
  const bench = new Bench('camera');
  bench.capture.take(1, new Ear(), 'one');
  const one = await bench.answer('one');
  bench.capture.take(1, new Ear(), 'two');
  bench.capture.leave(1);
  expect(one.readyState).toBe('ended');
});

test('an unplugged device is replaced by the default one, once', async () => {
  const bench = new Bench('audio');
  const ear = new Ear();
  bench.capture.take(1, ear, 'headset');
  const headset = await bench.answer('headset');
  headset.unplug();
  expect(ear.track, 'a dead track is not sent').toBeNull();
  expect(bench.asked[1]?.device).toBeNull();
  const builtIn = await bench.answer('built-in');
  builtIn.unplug();
  expect(bench.asked.length, 'a second loss is not chased').toBe(2);
  expect(ear.states).toEqual([
    live('headset'),
    unavailable('unplugged'),
    live('built-in'),
    unavailable('unplugged'),
  ]);
});

test('with no default either it stays unplugged, until a device comes', async () => {
  const bench = new Bench('audio');
  const ear = new Ear();
  bench.capture.take(1, ear, null);
  (await bench.answer('headset')).unplug();
  await bench.refuse('missing');
  expect(ear.states.at(-1)).toEqual(unavailable('unplugged'));
  bench.capture.devicesChanged(true);
  await bench.answer('new headset');
  expect(ear.states.at(-1)).toEqual(live('new headset'));
});

test('a device that was missing is opened when one comes, and only if it is still wanted', async () => {
  const bench = new Bench('camera');
  const ear = new Ear();
  bench.capture.take(1, ear, null);
  await bench.refuse('missing');
  bench.capture.devicesChanged(true);
  expect(bench.asked.length).toBe(2);
  await bench.refuse('missing');
  bench.capture.leave(1);
  bench.capture.devicesChanged(true);
  expect(bench.asked.length, 'nobody wants it').toBe(2);
});

test('a window that nobody sees opens what it sent before, and no device beside', async () => {
  const camera = new Bench('camera');
  camera.capture.take(1, new Ear(), null);
  await camera.refuse('missing');
  camera.capture.devicesChanged(false);
  expect(camera.asked.length, 'it was never on').toBe(1);
  camera.capture.devicesChanged(true);
  expect(camera.asked.length, 'the person is back').toBe(2);

  const headset = new Bench('audio');
  headset.capture.take(1, new Ear(), null);
  (await headset.answer('headset')).unplug();
  await headset.refuse('missing');
  headset.capture.devicesChanged(false);
  expect(headset.asked.length, 'the default, and the headset that came back').toBe(3);
});

test('asking again for a device with a problem tries it again', async () => {
  const bench = new Bench('camera');
  const ear = new Ear();
  bench.capture.take(1, ear, null);
  await bench.refuse('busy');
  bench.capture.take(1, ear, null);
  await bench.answer('cam');
  expect(ear.states).toEqual([unavailable('busy'), live('cam')]);
});

test('a screen that the person stops in the browser is off for every peer', async () => {
  const bench = new Bench('screen');
  const [first, second] = [new Ear(), new Ear()];
  bench.capture.take(1, first, null);
  bench.capture.take(2, second, null);
  (await bench.answer('screen')).unplug();
  expect(first.states).toEqual([live('screen'), { type: 'off' }]);
  expect(second.states).toEqual([live('screen'), { type: 'off' }]);
  expect(bench.asked.length, 'the picker does not come again').toBe(1);
});

test('a muted microphone is heard by a meter alone, and by nobody after the call', async () => {
  const bench = new Bench('audio');
  const ear = new Ear();
  bench.capture.take(1, ear, null);
  const track = await bench.answer('mic');
  expect(bench.capture.unsent, 'what is sent needs no meter').toBeNull();
  bench.capture.leave(1);
  expect(ear.track, 'no sender has it').toBeNull();
  expect(track.enabled, 'and what a sender still reads is silent').toBe(false);
  expect(bench.capture.track).toBeNull();
  const heard = bench.capture.unsent;
  expect(heard).not.toBe(track);
  expect(heard).toMatchObject({ enabled: true, readyState: 'live' });
  expect(bench.asked.length, 'nothing is opened for it').toBe(1);
  bench.capture.take(1, ear, null);
  expect(ear.track, 'unmuted at once').toBe(track);
  expect(heard?.readyState).toBe('ended');
  bench.capture.leave(1);
  const again = bench.capture.unsent;
  bench.capture.leave(1, true);
  expect([track.readyState, again?.readyState]).toEqual(['ended', 'ended']);
  expect(bench.capture.unsent).toBeNull();
});

test('a microphone that was never on is not opened by a mute, and one that is gone is let go', async () => {
  const bench = new Bench('audio');
  bench.capture.leave(1);
  expect([bench.asked.length, bench.capture.unsent]).toEqual([0, null]);
  bench.capture.take(1, new Ear(), null);
  bench.capture.leave(1);
  const late = await bench.answer('mic');
  expect(late.readyState, 'muted before it was there').toBe('ended');
  expect(bench.capture.unsent).toBeNull();
  bench.capture.take(1, new Ear(), null);
  const track = await bench.answer('mic');
  bench.capture.leave(1);
  track.unplug();
  expect(bench.capture.unsent).toBeNull();
  bench.capture.take(1, new Ear(), 'other');
  await bench.answer('other');
  bench.capture.leave(1);
  bench.capture.take(1, new Ear(), 'third');
  expect(bench.asked.at(-1)?.device, 'another one was chosen meanwhile').toBe('third');
});
