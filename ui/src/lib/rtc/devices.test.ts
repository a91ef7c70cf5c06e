import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Devices } from './devices';

type GetUserMedia = (constraints: MediaStreamConstraints) => Promise<MediaStream>;

function stream(...kinds: ('audio' | 'video')[]): MediaStream {
  const tracks = kinds.map((kind) => ({ kind, stop: vi.fn() }));
  return {
    getTracks: () => tracks,
    getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'),
    getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
  } as unknown as MediaStream;
}

const streamOf: GetUserMedia = ({ audio, video }) =>
  Promise.resolve(
    stream(...(audio ? (['audio'] as const) : []), ...(video ? (['video'] as const) : [])),
  );

async function devices(
  getUserMedia: GetUserMedia,
  permission: PermissionState = 'granted',
): Promise<{ open: Devices['open']; asked: MediaStreamConstraints[] }> {
  const asked: MediaStreamConstraints[] = [];
  const media = {
    getUserMedia: (constraints: MediaStreamConstraints) => {
      asked.push(constraints);
      return getUserMedia(constraints);
    },
  } as MediaDevices;
  const permissions = {
    query: () => Promise.resolve({ state: permission }),
  } as unknown as Permissions;
  const opened = new Devices(media, permissions);
  await vi.advanceTimersByTimeAsync(0);
  return { open: opened.open.bind(opened), asked };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('two devices that nobody allowed yet are asked for in one prompt', async () => {
  const { open, asked } = await devices(streamOf, 'prompt');
  const [audio, camera] = await Promise.all([open('audio', null), open('camera', null)]);
  expect(asked.length).toBe(1);
  expect(audio.type === 'opened' && audio.main.kind).toBe('audio');
  expect(camera.type === 'opened' && camera.main.kind).toBe('video');
});

test('devices that are allowed open side by side', async () => {
  const { open, asked } = await devices(streamOf);
  await Promise.all([open('audio', null), open('camera', null)]);
  expect(asked.length).toBe(2);
});

test('a missing camera does not take the microphone along', async () => {
  const getUserMedia: GetUserMedia = (constraints) =>
    constraints.video
      ? Promise.reject(new DOMException('', 'NotFoundError'))
      : streamOf(constraints);
  const { open } = await devices(getUserMedia, 'prompt');
  const [audio, camera] = await Promise.all([open('audio', null), open('camera', null)]);
  expect(audio.type).toBe('opened');
  expect(camera).toEqual({ type: 'failed', problem: 'missing' });
});

test('a chosen device that is gone gives way to the default one', async () => {
  const getUserMedia: GetUserMedia = (constraints) =>
    typeof constraints.video === 'object' && constraints.video.deviceId
      ? Promise.reject({ name: 'OverconstrainedError' } as unknown as Error)
      : streamOf(constraints);
  const { open, asked } = await devices(getUserMedia);
  const camera = await open('camera', 'gone');
  expect(camera.type).toBe('opened');
  expect(asked[0]?.video).toMatchObject({ deviceId: { exact: 'gone' } });
});

test('a device that does not answer hangs, and what it gives later is closed', async () => {
  let answer: (stream: MediaStream) => void = () => undefined;
  const { open } = await devices(() => new Promise((resolve) => (answer = resolve)));
  const opening = open('camera', null);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(await opening).toEqual({ type: 'failed', problem: 'hung' });
  const late = stream('video');
  answer(late);
  await vi.advanceTimersByTimeAsync(0);
  expect(late.getTracks()[0]?.stop).toHaveBeenCalled();
});

test('a person who thinks about a prompt is not a device that hangs', async () => {
  let answer: (stream: MediaStream) => void = () => undefined;
  const { open } = await devices(() => new Promise((resolve) => (answer = resolve)), 'prompt');
  const opening = open('camera', null);
  await vi.advanceTimersByTimeAsync(30_000);
  answer(stream('video'));
  expect((await opening).type).toBe('opened');
});

test('a page that is not served securely has no devices', async () => {
  expect(await new Devices(undefined, undefined).open('audio', null)).toEqual({
    type: 'failed',
    problem: 'denied',
  });
});

describe('a screen', () => {
  function screens(): { devices: Devices; asked: () => number; tracks: MediaStreamTrack[] } {
    const tracks: MediaStreamTrack[] = [];
    let asked = 0;
    const media = {
      getDisplayMedia: () => {
        asked += 1;
        const picked = stream('video');
        tracks.push(...picked.getTracks());
        return Promise.resolve(picked);
      },
    } as unknown as MediaDevices;
    return { devices: new Devices(media, undefined), asked: () => asked, tracks };
  }

  test('is chosen in answer to the press, and the order that follows takes it', async () => {
    const { devices, asked, tracks } = screens();
    devices.pickScreen();
    expect(asked()).toBe(1);
    const opened = await devices.open('screen', null);
    expect(opened.type === 'opened' && opened.main).toBe(tracks[0]);
    expect(asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tracks[0]?.stop).not.toHaveBeenCalled();
  });

  test('that was chosen and is not wanted any more is let go of', async () => {
    const { devices, tracks } = screens();
    devices.pickScreen();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(tracks[0]?.stop).toHaveBeenCalledOnce();
    const opened = await devices.open('screen', null);
    expect(opened.type === 'opened' && opened.main).toBe(tracks[1]);
  });
});
