import type { DeviceProblem } from '../bindings';
import { HungError, isAboutOneDevice, problemOf } from './problem';
import type { Source } from './slots';

/** A device that was opened, or why not. */
export type Opened =
  | { type: 'opened'; main: MediaStreamTrack; sound: MediaStreamTrack | null }
  | { type: 'failed'; problem: DeviceProblem };

/**
 * How long a device may take, in ms. A webview without the right permission strings never answers;
 * slow USB cameras need up to 3 s. A person at a permission prompt is not timed: see `#isAsking`.
 */
const HANG_MS = 8_000;
/** How long after a person's press the order to open a screen may come, in ms. */
const PICK_MS = 5_000;

/** How long a person may look at a permission prompt, in ms, where it can be told from a hang. */
const PROMPT_MS = 120_000;

interface Request {
  source: 'audio' | 'camera';
  device: string | null;
  settle: (opened: Opened) => void;
}

/** Opens microphones, cameras and screens. */
export class Devices {
  readonly #media: MediaDevices | undefined;
  readonly #permissions: Permissions | undefined;
  readonly #granted = new Map<'audio' | 'camera', PermissionStatus>();
  #requests: Request[] = [];
  /** A screen that the person is choosing, until the order to open one comes. */
  #picked: Promise<Opened> | null = null;

  constructor(media: MediaDevices | undefined, permissions: Permissions | undefined) {
    this.#media = media;
    this.#permissions = permissions;
    void this.#learn('audio', 'microphone');
    void this.#learn('camera', 'camera');
  }

  /** Opens a device; `null` is the system's choice. Never rejects. */
  open(source: Source, device: string | null): Promise<Opened> {
    if (!this.#media) return Promise.resolve({ type: 'failed', problem: 'denied' });
    if (source === 'screen') {
      const picked = this.#picked;
      this.#picked = null;
      return picked ?? this.#openScreen(this.#media);
    }
    return new Promise((settle) => {
      this.#requests.push({ source, device, settle });
      // The core asks for microphone and camera one after the other within one task.
      if (this.#requests.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  /**
   * Lets the person choose a screen for the order that follows. Webviews show what to choose from
   * only in answer to a press, and an order that was on its way through the program is none.
   */
  pickScreen(): void {
    if (!this.#media || this.#picked) return;
    const picking = this.#openScreen(this.#media);
    this.#picked = picking;
    setTimeout(() => {
      if (this.#picked !== picking) return;
      // Nobody wants it: the call ended meanwhile.
      this.#picked = null;
      void picking.then((opened) => {
        if (opened.type !== 'opened') return;
        opened.main.stop();
        opened.sound?.stop();
      });
    }, PICK_MS);
  }

  #flush(): void {
    const requests = this.#requests;
    this.#requests = [];
    const [first, second] = requests;
    // Two devices that nobody allowed yet cost one prompt if they are asked for together. Devices
    // that are allowed open faster side by side, and sound need not wait for the camera.
    const together =
      first &&
      second &&
      first.source !== second.source &&
      !requests.every((r) => this.#isGranted(r.source));
    if (requests.length === 2 && together) void this.#openTogether(first, second);
    else for (const request of requests) void this.#openOne(request);
  }

  async #openTogether(first: Request, second: Request): Promise<void> {
    try {
      const constraints = {
        ...constraintsOf(first.source, first.device),
        ...constraintsOf(second.source, second.device),
      };
      const stream = await this.#capture(constraints);
      for (const request of [first, second]) {
        const [main] =
          request.source === 'audio' ? stream.getAudioTracks() : stream.getVideoTracks();
        if (main) request.settle({ type: 'opened', main, sound: null });
        else request.settle({ type: 'failed', problem: 'missing' });
      }
    } catch {
      // One of the two is at fault; each gets its own answer.
      await Promise.all([this.#openOne(first), this.#openOne(second)]);
    }
  }

  async #openOne({ source, device, settle }: Request): Promise<void> {
    try {
      settle(opened(await this.#captureOrDefault(source, device)));
    } catch (error) {
      settle({ type: 'failed', problem: problemOf(error, source) });
    }
  }

  async #captureOrDefault(source: 'audio' | 'camera', device: string | null): Promise<MediaStream> {
    try {
      return await this.#capture(constraintsOf(source, device));
    } catch (error) {
      if (device === null || !isAboutOneDevice(error)) throw error;
      return await this.#capture(constraintsOf(source, null));
    }
  }

  async #openScreen(media: MediaDevices): Promise<Opened> {
    try {
      // A person chooses here, however long it takes.
      const stream = await media.getDisplayMedia({
        video: { frameRate: { ideal: 30, max: 30 } },
        audio: true,
      });
      return opened(stream);
    } catch (error) {
      return { type: 'failed', problem: problemOf(error, 'screen') };
    }
  }

  #capture(constraints: MediaStreamConstraints): Promise<MediaStream> {
    const media = this.#media;
    if (!media) return Promise.reject(new HungError());
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(
        () => {
          late = true;
          reject(new HungError());
        },
        this.#isAsking(constraints) ? PROMPT_MS : HANG_MS,
      );
      media.getUserMedia(constraints).then(
        (stream) => {
          clearTimeout(timer);
          if (late) for (const track of stream.getTracks()) track.stop();
          else resolve(stream);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error as Error);
        },
      );
    });
  }

  /** Whether the browser says that a prompt stands between the person and the device. */
  #isAsking(constraints: MediaStreamConstraints): boolean {
    return (
      (constraints.audio !== undefined && this.#granted.get('audio')?.state === 'prompt') ||
      (constraints.video !== undefined && this.#granted.get('camera')?.state === 'prompt')
    );
  }

  #isGranted(source: 'audio' | 'camera'): boolean {
    return this.#granted.get(source)?.state === 'granted';
  }

  async #learn(source: 'audio' | 'camera', name: string): Promise<void> {
    try {
      const status = await this.#permissions?.query({ name: name as PermissionName });
      if (status) this.#granted.set(source, status);
    } catch {
      // Browsers that do not know the name are asked together: that is never wrong, only slower.
    }
  }
}

function opened(stream: MediaStream): Opened {
  const [video] = stream.getVideoTracks();
  const [audio] = stream.getAudioTracks();
  if (video) return { type: 'opened', main: video, sound: audio ?? null };
  if (audio) return { type: 'opened', main: audio, sound: null };
  return { type: 'failed', problem: 'missing' };
}

function constraintsOf(source: 'audio' | 'camera', device: string | null): MediaStreamConstraints {
  const deviceId = device === null ? {} : { deviceId: { exact: device } };
  switch (source) {
    case 'audio':
      return {
        audio: {
          ...deviceId,
          echoCancellation: true,
          noiseSuppression: true,
          autoGainControl: true,
        },
      };
    case 'camera':
      return {
        video: {
          ...deviceId,
          width: { ideal: 1280 },
          height: { ideal: 720 },
          frameRate: { ideal: 30 },
        },
      };
  }
}
