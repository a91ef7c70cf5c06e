import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NativeMedia } from './native-media';
import { Painting } from './painting';
import type { FromPump, ToPump } from './pump/messages';

/** A pump that remembers what it was told, and says what the test has it say. */
class FakePump {
  static all: FakePump[] = [];
  onmessage: ((event: MessageEvent<FromPump>) => void) | null = null;
  readonly told: ToPump[] = [];
  readonly handed: unknown[] = [];
  takesTracks = true;

  constructor() {
    FakePump.all.push(this);
  }

  postMessage(message: ToPump, handed: unknown[]): void {
    if (message.type === 'track' && !this.takesTracks) throw new DOMException('', 'DataCloneError');
    this.told.push(message);
    this.handed.push(...handed);
  }

  async say(...messages: FromPump[]): Promise<void> {
    for (const data of messages) {
      this.onmessage?.({ data } as MessageEvent<FromPump>);
      await vi.advanceTimersByTimeAsync(0);
    }
  }

  /** What it was told of this type. */
  of<Type extends ToPump['type']>(type: Type): Extract<ToPump, { type: Type }>[] {
    return this.told.filter((one): one is Extract<ToPump, { type: Type }> => one.type === type);
  }
}

class FakeTrack extends EventTarget {
  readonly kind = 'video';
  enabled = true;
  stopped = false;
  readonly clones: FakeTrack[] = [];
  constructor(readonly label: string) {
    super();
  }
  clone(): FakeTrack {
    const clone = new FakeTrack(`${this.label}, cloned`);
    this.clones.push(clone);
    return clone;
  }
  stop(): void {
    this.stopped = true;
  }
  end(): void {
    this.dispatchEvent(new Event('ended'));
  }
}

function streamOf(track: FakeTrack): unknown {
  return { getVideoTracks: () => [track], getAudioTracks: () => [], getTracks: () => [track] };
}

let camera: FakeTrack;
let screen: FakeTrack;
let hidden = false;

function hide(now: boolean): void {
  hidden = now;
  document.dispatchEvent(new Event('visibilitychange'));
}

/** A window whose program opens a door as long as `calls`. */
async function desk({ calls = true } = {}) {
  let want: () => void = () => undefined;
  const door = {
    calls,
    asked: 0,
    figures: () => Promise.resolve(null),
    open() {
      door.asked += 1;
      return Promise.resolve(door.calls ? { port: 4000 + door.asked, protocols: ['pass'] } : null);
    },
    onWanted(listener: () => void) {
      want = listener;
    },
  };
  const media = new NativeMedia(door);
  await vi.advanceTimersByTimeAsync(0);
  const pump = () => {
    const [only, ...others] = FakePump.all;
    if (!only || others.length > 0) throw new Error(`${FakePump.all.length} pumps`);
    return only;
  };
  return { media, door, pump, want: () => want() };
}

/** In a call, with a worker that can do everything. */
async function call({ capture = true, paint = true } = {}) {
  const scene = await desk();
  const pump = scene.pump();
  await pump.say({ type: 'able', capture, paint });
  return { ...scene, pump };
}

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  FakePump.all = [];
  camera = new FakeTrack('camera');
  screen = new FakeTrack('screen');
  vi.stubGlobal('Worker', FakePump);
  vi.stubGlobal('navigator', {
    mediaDevices: Object.assign(new EventTarget(), {
      getUserMedia: () => Promise.resolve(streamOf(camera)),
      getDisplayMedia: () => Promise.resolve(streamOf(screen)),
    }),
  });
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
  vi.spyOn(HTMLMediaElement.prototype, 'canPlayType').mockReturnValue('');
  HTMLCanvasElement.prototype.transferControlToOffscreen = () => ({}) as OffscreenCanvas;
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('the way to the program', () => {
  it('is taken at once: the page may be loaded in the middle of a call', async () => {
    const { pump } = await desk();
    expect(pump().told).toEqual([{ type: 'open', port: 4001, protocols: ['pass'] }]);
  });

  it('costs no worker before a call wants pictures', async () => {
    const { door, pump, want } = await desk({ calls: false });
    expect(FakePump.all).toHaveLength(0);
    door.calls = true;
    want();
    await vi.advanceTimersByTimeAsync(0);
    expect(pump().of('open')).toHaveLength(1);
  });

  it('is tried again, less and less often, until a call begins', async () => {
    const { door, pump, want } = await call();
    const waits: number[] = [];
    for (let at = 0; at < 7; at += 1) {
      const asked = door.asked;
      await pump.say({ type: 'closed' });
      const from = Date.now();
      while (door.asked === asked) await vi.advanceTimersByTimeAsync(50);
      waits.push(Date.now() - from);
    }
    expect(waits).toEqual([300, 600, 1_200, 2_400, 4_800, 5_000, 5_000]);

    await pump.say({ type: 'closed' });
    const asked = door.asked;
    want();
    await vi.advanceTimersByTimeAsync(0);
    expect(door.asked, 'at once').toBe(asked + 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(door.asked, 'and once').toBe(asked + 1);
    await pump.say({ type: 'closed' });
    await vi.advanceTimersByTimeAsync(300);
    expect(door.asked, 'soon again').toBe(asked + 2);
  });

  it('that is lost leaves no device open and shows nothing more', async () => {
    const { media, pump } = await call();
    const changed = vi.fn();
    await pump.say(
      { type: 'capture', slot: 'camera', device: null },
      { type: 'place', of: 7, slot: 'camera' },
    );
    media.onTracks(changed);
    await pump.say({ type: 'closed' });
    expect(camera.stopped).toBe(true);
    expect(media.local('camera')).toBeNull();
    expect(media.picture(7, 'camera')).toBeNull();
    expect(changed).toHaveBeenCalled();
  });
});

describe('the own camera', () => {
  it('is read by the worker, and shown by the page until that paints', async () => {
    const { media, pump } = await call();
    await pump.say({ type: 'capture', slot: 'camera', device: null });
    expect(pump.of('track').map(({ track }) => track)).toEqual(camera.clones);
    expect(pump.handed).toEqual(camera.clones);
    expect(pump.of('state')).toEqual([
      { type: 'state', slot: 'camera', state: { type: 'live', label: 'camera' } },
    ]);
    expect(media.local('camera')).toBeNull();
    await pump.say({ type: 'place', of: 'own', slot: 'camera' });
    expect(media.local('camera')).toBeInstanceOf(Painting);
  });

  it('is shown as it is where workers cannot paint', async () => {
    const { media, pump } = await call({ paint: false });
    await pump.say({ type: 'capture', slot: 'camera', device: null });
    expect(media.local('camera')).toBe(camera);
  });

  it('is fed by the page where tracks cannot be handed over', async () => {
    const { media, pump } = await call();
    pump.takesTracks = false;
    await pump.say({ type: 'capture', slot: 'camera', device: null });
    expect(camera.clones.map(({ stopped }) => stopped)).toEqual([true]);
    expect(pump.of('feed')).toEqual([{ type: 'feed', slot: 'camera' }]);
    expect(media.local('camera')).toBe(camera);
  });

  it('is shown as it is again once the worker does not read it', async () => {
    const { media, pump } = await call();
    await pump.say({ type: 'capture', slot: 'camera', device: null });
    await pump.say({ type: 'stop', slot: 'camera' });
    pump.takesTracks = false;
    await pump.say({ type: 'capture', slot: 'camera', device: null });
    expect(media.local('camera')).toBe(camera);
  });

  it('that the program lets go of is not told to be off', async () => {
    const { media, pump } = await call();
    await pump.say({ type: 'capture', slot: 'camera', device: null });
    await pump.say({ type: 'stop', slot: 'camera' });
    expect(pump.of('state').map(({ state }) => state.type)).toEqual(['live']);
    expect(pump.of('rest')).toEqual([{ type: 'rest', slot: 'camera' }]);
    expect(media.local('camera')).toBeNull();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(camera.stopped).toBe(true);
  });

  it('is told to fail when no encoder works', async () => {
    const { pump } = await call();
    await pump.say({ type: 'stuck', slot: 'camera' });
    expect(pump.of('state')).toEqual([
      { type: 'state', slot: 'camera', state: { type: 'unavailable', problem: 'other' } },
    ]);
  });
});

describe('a shared screen', () => {
  it('is fed by the page, and told to be off when the system ends it', async () => {
    const { pump } = await call();
    await pump.say({ type: 'capture', slot: 'screen', device: null });
    expect(screen.clones, 'WebKit gives nothing of a screen that was handed over').toEqual([]);
    expect(pump.of('feed')).toEqual([{ type: 'feed', slot: 'screen' }]);
    screen.end();
    hide(true);
    expect(pump.of('state').map(({ state }) => state)).toEqual([
      { type: 'live', label: 'screen' },
      { type: 'off' },
    ]);
  });

  it('says that it hangs while the window is hidden', async () => {
    const { pump } = await call();
    await pump.say({ type: 'capture', slot: 'screen', device: null });
    hide(true);
    hide(false);
    expect(pump.of('state').map(({ state }) => state)).toEqual([
      { type: 'live', label: 'screen' },
      { type: 'unavailable', problem: 'hung' },
      { type: 'live', label: 'screen' },
    ]);
  });

  it('never says that it is live in a hidden window', async () => {
    const { pump } = await call();
    hide(true);
    await pump.say({ type: 'capture', slot: 'screen', device: null });
    expect(pump.of('state').map(({ state }) => state)).toEqual([
      { type: 'unavailable', problem: 'hung' },
    ]);
  });
});

describe('pictures of a peer', () => {
  it('are painted by the worker, which hears where they hang', async () => {
    const { media, pump } = await call();
    await pump.say({ type: 'place', of: 7, slot: 'camera' });
    expect(pump.of('canvas')).toEqual([{ type: 'canvas', of: 7, slot: 'camera', canvas: {} }]);
    const painting = media.picture(7, 'camera') as Painting;
    const off = painting.hang(document.body);
    off();
    await vi.advanceTimersByTimeAsync(0);
    expect(pump.of('hung').map(({ hung }) => hung)).toEqual([true, false]);
  });

  it('that have a new place are not taken off by the old one', async () => {
    const { media, pump } = await call();
    await pump.say({ type: 'place', of: 7, slot: 'camera' });
    const off = (media.picture(7, 'camera') as Painting).hang(document.body);
    await pump.say({ type: 'place', of: 7, slot: 'camera' });
    (media.picture(7, 'camera') as Painting).hang(document.body);
    off();
    await vi.advanceTimersByTimeAsync(0);
    expect(pump.of('hung').map(({ hung }) => hung)).toEqual([true, true]);
  });

  it('end with the peer, and nobody else', async () => {
    const { media, pump } = await call();
    await pump.say({ type: 'place', of: 7, slot: 'camera' });
    await pump.say({ type: 'place', of: 8, slot: 'camera' });
    await pump.say({ type: 'close', peer: 7 });
    expect(media.picture(7, 'camera')).toBeNull();
    expect(media.picture(8, 'camera')).not.toBeNull();
  });

  it('that nobody has a place for are let go', async () => {
    const { pump } = await call({ paint: false });
    const frame = { close: vi.fn() } as unknown as VideoFrame;
    await pump.say({ type: 'painted', peer: 7, slot: 'camera', frame });
    expect(frame.close).toHaveBeenCalledOnce();
  });

  it('rest while nobody sees the window', async () => {
    const { pump } = await call();
    hide(true);
    hide(false);
    expect(pump.of('seen').map(({ seen }) => seen)).toEqual([true, false, true]);
  });
});
