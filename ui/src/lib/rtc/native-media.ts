import type { PeerId, SlotState } from '../bindings';
import { ownScript } from '../host/trusted';
import { Capture, type Taker } from './capture';
import { Devices } from './devices';
import { Painting } from './painting';
import type { Figures, Media, Picture } from './peers';
import { Filming } from './pump/filming';
import type { FromPump, Owner, ToPump } from './pump/messages';
import { Painter } from './pump/painter';
import workerAddress from './pump/pump.worker.ts?worker&url';
import type { PictureSlot, SoundSlot } from './slots';

/** What the program around the window does for its media. */
export interface Door {
  figures(peer: PeerId): Promise<Omit<Figures, 'at'> | null>;
  /** The way for pictures; null while no call wants any. The one before leads nowhere then. */
  open(): Promise<{ port: number; protocols: string[] } | null>;
  /** Calls back whenever a call begins that wants pictures. */
  onWanted(listener: () => void): void;
}

/** How long until a door that was shut is tried again, in ms, at first and at most. */
const AGAIN_MS = 300;
const AGAIN_AT_MOST_MS = 5_000;
/** How long devices settle after one came or went, in ms: systems report a headset piecemeal. */
const DEVICES_SETTLE_MS = 300;
/** Whoever takes what is captured: the program, for every peer. */
const PROGRAM: PeerId = 0;

/**
 * The window's half of calls whose connections the program carries out: pictures. Sound never comes
 * here. The program says what is captured; a worker moves pictures between camera, codecs and
 * program; this knows only tracks, and canvases to paint on.
 */
export class NativeMedia implements Media {
  readonly #door: Door;
  readonly #devices: Devices;
  readonly #captures: Record<PictureSlot, Capture>;
  readonly #takers: Record<PictureSlot, Taker>;
  /** Those of the own camera only while the worker reads it. */
  readonly #pictures = new Map<Owner, Map<PictureSlot, Painting>>();
  /** Those of peers, where no worker can paint. */
  readonly #painters = new Map<string, Painter>();
  /** What the worker reads. */
  readonly #handed = new Set<PictureSlot>();
  readonly #filming = new Map<PictureSlot, Filming>();
  readonly #listeners = new Set<() => void>();
  #pump: Worker | null = null;
  #canCapture = false;
  #canPaint = false;
  /** The program lets go of a device, and needs not be told that it is off. */
  #stopping = false;
  #again = AGAIN_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(door: Door) {
    this.#door = door;
    const media = navigator.mediaDevices as MediaDevices | undefined;
    const devices = new Devices(media, navigator.permissions);
    this.#devices = devices;
    const capture = (source: PictureSlot): Capture =>
      new Capture(source, (device) => devices.open(source, device), this.#changed);
    this.#captures = { camera: capture('camera'), screen: capture('screen') };
    this.#takers = { camera: this.#taker('camera'), screen: this.#taker('screen') };
    const changed = (): void => {
      for (const one of Object.values(this.#captures)) one.devicesChanged(!document.hidden);
    };
    let settling: ReturnType<typeof setTimeout> | undefined;
    media?.addEventListener('devicechange', () => {
      clearTimeout(settling);
      settling = setTimeout(changed, DEVICES_SETTLE_MS);
    });
    document.addEventListener('visibilitychange', () => {
      this.#tellWhetherSeen();
      // What came while nobody looked is opened when somebody does.
      if (!document.hidden) changed();
    });
    door.onWanted(() => {
      this.#again = AGAIN_MS;
      void this.#open();
    });
    // The page may have been loaded anew in the middle of a call.
    void this.#open();
  }

  local(slot: PictureSlot): Picture | null {
    const track = this.#captures[slot].track;
    if (!track || !this.#handed.has(slot) || !this.#canPaint) return track;
    return this.#pictures.get('own')?.get(slot) ?? null;
  }

  picture(peer: PeerId, slot: PictureSlot): Picture | null {
    return this.#pictures.get(peer)?.get(slot) ?? null;
  }

  sound(_peer: PeerId, _slot: SoundSlot): null {
    return null;
  }

  onTracks(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  pickScreen(): void {
    this.#devices.pickScreen();
  }

  async figures(peer: PeerId): Promise<Figures | null> {
    const figures = await this.#door.figures(peer);
    return figures && { at: performance.now(), ...figures };
  }

  async #open(): Promise<void> {
    // Another door would shut the one that this opens.
    clearTimeout(this.#retry);
    const pass = await this.#door.open();
    if (!pass) return;
    this.#tell({ type: 'open', ...pass });
  }

  #tell(message: ToPump, handed: Transferable[] = []): void {
    this.#pump ??= this.#begin();
    this.#pump.postMessage(message, handed);
  }

  #begin(): Worker {
    // WebKitGTK's first encoder ends the web process unless its media framework runs already.
    document.createElement('video').canPlayType('video/mp4');
    const pump = new Worker(ownScript(workerAddress), { type: 'module' });
    pump.onmessage = ({ data }: MessageEvent<FromPump>) => this.#hear(data);
    return pump;
  }

  #hear(message: FromPump): void {
    switch (message.type) {
      case 'able':
        this.#canCapture = message.capture;
        this.#canPaint = message.paint;
        return this.#tellWhetherSeen();
      case 'capture':
        this.#again = AGAIN_MS;
        return this.#captures[message.slot].take(
          PROGRAM,
          this.#takers[message.slot],
          message.device,
        );
      case 'stop':
        this.#stopping = true;
        this.#captures[message.slot].leave(PROGRAM);
        this.#stopping = false;
        return;
      case 'close':
        return this.#forget(message.peer);
      case 'place':
        return this.#place(message.of, message.slot);
      case 'painted':
        return this.#paint(message);
      case 'tick':
        return this.#film(message.slot);
      case 'stuck':
        return this.#state(message.slot, { type: 'unavailable', problem: 'other' });
      case 'closed':
        return this.#onClosed();
    }
  }

  /** The call is over, or the way is lost: whichever, the program says when it is asked again. */
  #onClosed(): void {
    for (const capture of Object.values(this.#captures)) capture.leave(PROGRAM, true);
    for (const of of [...this.#pictures.keys()]) this.#forget(of);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#open(), this.#again);
    this.#again = Math.min(2 * this.#again, AGAIN_AT_MOST_MS);
  }

  #taker(slot: PictureSlot): Taker {
    return {
      put: (main) => {
        this.#filming.get(slot)?.close();
        this.#filming.delete(slot);
        this.#handed.delete(slot);
        if (slot === 'camera') this.#forget('own');
        if (main) this.#encode(slot, main);
        else this.#tell({ type: 'rest', slot });
      },
      report: (state) => {
        // The program may want it again by the time it hears this, and must not take it for that.
        if (state.type === 'off' && this.#stopping) return;
        // Filming in a hidden window has said so already.
        if (state.type === 'live' && this.#isFilmingHidden(slot)) return;
        this.#state(slot, state);
      },
    };
  }

  #encode(slot: PictureSlot, main: MediaStreamTrack): void {
    // WebKit gives nothing of a screen any more, here or there, once its track was handed over.
    if (this.#canCapture && slot !== 'screen') {
      // The page keeps the one it shows.
      const track = main.clone();
      try {
        this.#tell({ type: 'track', slot, track }, [track as unknown as Transferable]);
        this.#handed.add(slot);
        return;
      } catch {
        // Tracks cannot be handed over here, whatever else the worker can do.
        track.stop();
      }
    }
    const paused = (hidden: boolean): void =>
      this.#state(
        slot,
        hidden ? { type: 'unavailable', problem: 'hung' } : { type: 'live', label: main.label },
      );
    this.#filming.set(slot, new Filming(main, paused));
    this.#tell({ type: 'feed', slot });
  }

  #film(slot: PictureSlot): void {
    const frame = this.#filming.get(slot)?.picture();
    if (frame) this.#tell({ type: 'picture', slot, frame }, [frame as unknown as Transferable]);
  }

  #isFilmingHidden(slot: PictureSlot): boolean {
    return document.hidden && this.#filming.has(slot);
  }

  #state(slot: PictureSlot, state: SlotState): void {
    this.#tell({ type: 'state', slot, state });
  }

  #tellWhetherSeen(): void {
    const seen = !document.hidden;
    for (const painter of this.#painters.values()) painter.see(seen);
    if (this.#pump) this.#tell({ type: 'seen', seen });
  }

  #place(of: Owner, slot: PictureSlot): void {
    const canvas = document.createElement('canvas');
    const key = `${of} ${slot}`;
    this.#painters.get(key)?.close();
    this.#painters.delete(key);
    if (this.#canPaint) {
      const painted = canvas.transferControlToOffscreen();
      this.#tell({ type: 'canvas', of, slot, canvas: painted }, [painted]);
    } else {
      const painter = new Painter(!document.hidden);
      painter.onto(canvas);
      this.#painters.set(key, painter);
    }
    let slots = this.#pictures.get(of);
    if (!slots) this.#pictures.set(of, (slots = new Map()));
    const painting: Painting = new Painting(canvas, (hung) => {
      // Another one may have its place.
      if (this.#pictures.get(of)?.get(slot) !== painting) return;
      if (this.#canPaint) this.#tell({ type: 'hung', of, slot, hung });
      else this.#painters.get(key)?.hang(hung);
    });
    slots.set(slot, painting);
    this.#changed();
  }

  #paint({ peer, slot, frame }: Extract<FromPump, { type: 'painted' }>): void {
    const painter = this.#painters.get(`${peer} ${slot}`);
    if (painter) painter.paint(frame);
    else frame.close();
  }

  #forget(of: Owner): void {
    for (const slot of ['camera', 'screen'] as const) {
      this.#painters.get(`${of} ${slot}`)?.close();
      this.#painters.delete(`${of} ${slot}`);
    }
    if (this.#pictures.delete(of)) this.#changed();
  }

  readonly #changed = (): void => {
    for (const listener of this.#listeners) listener();
  };
}
