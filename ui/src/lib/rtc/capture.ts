import type { DeviceProblem, PeerId, SlotState } from '../bindings';
import type { Opened } from './devices';
import type { Source } from './slots';

/** Whoever sends what is captured: one per peer and slot. */
export interface Taker {
  /** Put these tracks on the senders; `null` takes them off. */
  put(main: MediaStreamTrack | null, sound: MediaStreamTrack | null): void;
  /** What the slot does from here on. */
  report(state: SlotState): void;
}

interface Tracks {
  main: MediaStreamTrack;
  sound: MediaStreamTrack | null;
}

/**
 * Closed ──take──► Opening ──► Open ──last leaves──► Lingering ──time──► Closed
 *                     │         └───microphone muted─► Listening ──last connection──► Closed
 *                     └──► Failed ──take, devices change──► Opening
 */
type Phase =
  | { at: 'closed' }
  /** `old` is sent until the new device is there. */
  | { at: 'opening'; old: Tracks | null }
  | ({ at: 'open' } & Tracks)
  | { at: 'lingering'; main: MediaStreamTrack; timer: ReturnType<typeof setTimeout> }
  /** A muted microphone: `heard` is its sound for a meter alone; on no sender, ever. */
  | { at: 'listening'; main: MediaStreamTrack; heard: MediaStreamTrack }
  | { at: 'failed'; problem: DeviceProblem };

/**
 * How long a device stays open, silent, after the last slot let go of it, in ms. Longer makes
 * switching back instant for longer; shorter puts the browser's recording mark out sooner. A muted
 * microphone stays open for as long as the call, so that somebody who speaks learns that nobody hears
 * it: the browser's mark goes on meanwhile.
 */
const LINGER_MS: Record<Exclude<Source, 'audio'>, number> = { camera: 300, screen: 0 };

/** One source, opened once for all peers that send it. */
export class Capture {
  readonly #source: Source;
  readonly #open: (device: string | null) => Promise<Opened>;
  readonly #changed: () => void;
  readonly #takers = new Map<PeerId, Taker>();
  #phase: Phase = { at: 'closed' };
  #device: string | null = null;
  /** Which opening counts: an older one that ends late is closed again. */
  #opening = 0;
  /** Whether a device that went away was already replaced by the default one. */
  #fellBack = false;
  /** Whether a device was sent since somebody began to want one. */
  #wasOpen = false;

  constructor(
    source: Source,
    open: (device: string | null) => Promise<Opened>,
    changed: () => void,
  ) {
    this.#source = source;
    this.#open = open;
    this.#changed = changed;
  }

  /** The track, while somebody sends it. */
  get track(): MediaStreamTrack | null {
    return this.#phase.at === 'open' ? this.#phase.main : null;
  }

  /** What a muted microphone hears. It goes nowhere. */
  get unsent(): MediaStreamTrack | null {
    return this.#phase.at === 'listening' ? this.#phase.heard : null;
  }

  /** The sound that came along, while somebody sends it. */
  get sound(): MediaStreamTrack | null {
    return this.#phase.at === 'open' ? this.#phase.sound : null;
  }

  /** Sends the source of this device with `taker` too; another device than before is switched to. */
  take(peer: PeerId, taker: Taker, device: string | null): void {
    this.#takers.set(peer, taker);
    const sameDevice = device === this.#device;
    this.#device = device;
    switch (this.#phase.at) {
      case 'open':
        if (sameDevice || this.#source === 'screen') this.#give(taker, this.#phase);
        else this.#reopen();
        return;
      case 'lingering':
        clearTimeout(this.#phase.timer);
        if (!sameDevice) {
          this.#phase.main.stop();
          return this.#reopen();
        }
        this.#phase.main.enabled = true;
        return this.#enterOpen(this.#phase.main, null);
      case 'listening': {
        const { main, heard } = this.#phase;
        heard.stop();
        if (!sameDevice) {
          main.stop();
          return this.#reopen();
        }
        main.enabled = true;
        return this.#enterOpen(main, null);
      }
      case 'opening':
        if (!sameDevice) this.#reopen();
        return;
      case 'closed':
      case 'failed':
        return this.#reopen();
    }
  }

  /**
   * Stops sending with this peer's taker, which hears of it. `now` also closes the device at once.
   * False if that peer did not send.
   */
  leave(peer: PeerId, now = false): boolean {
    const taker = this.#takers.get(peer);
    if (taker) {
      this.#takers.delete(peer);
      taker.put(null, null);
      taker.report({ type: 'off' });
    }
    if (this.#takers.size === 0) {
      if (now) this.#close(0);
      else if (this.#source === 'audio') this.#mute();
      else this.#close(LINGER_MS[this.#source]);
    }
    return taker !== undefined;
  }

  /**
   * A device came or went: what was missing may be there. A window that nobody sees (`seen`) opens
   * only what it sent before, as a headset that is plugged in again.
   */
  devicesChanged(seen: boolean): void {
    if (!seen && !this.#wasOpen) return;
    this.#fellBack = false;
    if (this.#takers.size === 0 || this.#phase.at !== 'failed') return;
    const { problem } = this.#phase;
    if (problem === 'missing' || problem === 'unplugged' || problem === 'busy') this.#reopen();
  }

  #reopen(device = this.#device): void {
    const opening = ++this.#opening;
    let old: Tracks | null = null;
    if (this.#phase.at === 'open') {
      old = { main: this.#phase.main, sound: this.#phase.sound };
      // WebKit ends the new microphone if the old one is still open.
      if (this.#source === 'audio') stop(old);
    } else if (this.#phase.at === 'opening') {
      old = this.#phase.old;
    }
    this.#phase = { at: 'opening', old };
    void this.#open(device).then((opened) => {
      if (opening === this.#opening) {
        if (old) stop(old);
        this.#settle(opened);
      } else if (opened.type === 'opened') {
        stop(opened);
      }
    });
  }

  #settle(opened: Opened): void {
    switch (opened.type) {
      case 'opened':
        opened.main.addEventListener('ended', () => this.#onEnded(opened.main));
        if (opened.main.kind === 'video') {
          opened.main.contentHint = this.#source === 'screen' ? 'detail' : 'motion';
        }
        return this.#enterOpen(opened.main, opened.sound);
      case 'failed': {
        const lost = this.#fellBack && opened.problem === 'missing';
        return this.#fail(lost ? 'unplugged' : opened.problem);
      }
    }
  }

  #enterOpen(main: MediaStreamTrack, sound: MediaStreamTrack | null): void {
    const phase = { at: 'open' as const, main, sound };
    this.#wasOpen = true;
    this.#phase = phase;
    for (const taker of this.#takers.values()) this.#give(taker, phase);
    this.#changed();
  }

  #give(taker: Taker, { main, sound }: Tracks): void {
    taker.put(main, sound);
    taker.report({ type: 'live', label: main.label });
  }

  #fail(problem: DeviceProblem): void {
    this.#phase = { at: 'failed', problem };
    for (const taker of this.#takers.values()) {
      taker.put(null, null);
      taker.report({ type: 'unavailable', problem });
    }
    this.#changed();
  }

  #onEnded(track: MediaStreamTrack): void {
    if (this.#phase.at === 'listening' && this.#phase.main === track) return this.#close(0);
    if (this.#phase.at !== 'open' || this.#phase.main !== track) return;
    if (this.#source === 'screen') {
      // The person stopped it in the browser's own bar.
      for (const peer of [...this.#takers.keys()]) this.leave(peer, true);
      return;
    }
    this.#fail('unplugged');
    if (this.#fellBack) return;
    this.#fellBack = true;
    this.#reopen(null);
  }

  /** The microphone is heard by a meter alone: its track is silent before it leaves the senders. */
  #mute(): void {
    if (this.#phase.at !== 'open') {
      if (this.#phase.at !== 'listening') this.#close(0);
      return;
    }
    const { main } = this.#phase;
    const heard = main.clone();
    main.enabled = false;
    this.#phase = { at: 'listening', main, heard };
    this.#changed();
  }

  #close(linger: number): void {
    const phase = this.#phase;
    this.#wasOpen = false;
    switch (phase.at) {
      case 'open': {
        // Nothing may be heard or seen from here on, whatever the senders still do.
        phase.main.enabled = false;
        if (linger === 0) {
          stop(phase);
          this.#phase = { at: 'closed' };
        } else {
          const timer = setTimeout(() => this.#close(0), linger);
          this.#phase = { at: 'lingering', main: phase.main, timer };
        }
        this.#changed();
        return;
      }
      case 'lingering':
        if (linger > 0) return;
        clearTimeout(phase.timer);
        phase.main.stop();
        this.#phase = { at: 'closed' };
        return;
      case 'listening':
        phase.main.stop();
        phase.heard.stop();
        this.#phase = { at: 'closed' };
        this.#changed();
        return;
      case 'opening':
        this.#opening += 1;
        if (phase.old) stop(phase.old);
        this.#phase = { at: 'closed' };
        return;
      case 'failed':
        this.#phase = { at: 'closed' };
        return;
      case 'closed':
        return;
    }
  }
}

function stop({ main, sound }: Tracks): void {
  main.stop();
  sound?.stop();
}
