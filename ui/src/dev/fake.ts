import type { Alert, Command, Link, PeerId, Slot, View } from '../lib/bindings';
import type {
  AppPreferences,
  Desktop,
  Fault,
  Host,
  Keeping,
  MicrophoneReading,
  Seat,
  SoundDevices,
  UpdateState,
  RingPreferences,
  ShortcutProblem,
} from '../lib/host/host';
import type { Figures, Media } from '../lib/rtc/peers';
import type { PictureSlot, SoundSlot } from '../lib/rtc/slots';

/** A host that shows what it is told and remembers what it is asked. */
export class FakeHost implements Host {
  readonly commands: Command[] = [];
  moved = 0;
  #view: View;
  #seat: Seat;
  readonly #views = new Set<(view: View) => void>();
  readonly #seats = new Set<(seat: Seat) => void>();
  readonly #opens = new Set<(conversation: string) => void>();
  readonly #faults = new Set<(fault: Fault) => void>();

  readonly desktop?: FakeDesktop;

  constructor(view: View, seat: Seat = 'here', desktop?: FakeDesktop) {
    if (desktop) this.desktop = desktop;
    this.#view = view;
    this.#seat = seat;
  }

  show(view: View): void {
    this.#view = view;
    for (const listener of this.#views) listener(view);
  }

  sit(seat: Seat): void {
    this.#seat = seat;
    for (const listener of this.#seats) listener(seat);
  }

  /** As if the person had pressed a notification. */
  pick(conversation: string): void {
    for (const listener of this.#opens) listener(conversation);
  }

  fail(fault: Fault): void {
    for (const listener of this.#faults) listener(fault);
  }

  dispatch(command: Command): void {
    this.commands.push(command);
  }

  onView(listener: (view: View) => void): () => void {
    this.#views.add(listener);
    listener(this.#view);
    return () => this.#views.delete(listener);
  }

  onAlert(_listener: (alert: Alert) => void): () => void {
    return () => undefined;
  }

  onSeat(listener: (seat: Seat) => void): () => void {
    this.#seats.add(listener);
    listener(this.#seat);
    return () => this.#seats.delete(listener);
  }

  onOpen(listener: (conversation: string) => void): () => void {
    this.#opens.add(listener);
    return () => this.#opens.delete(listener);
  }

  onFault(listener: (fault: Fault) => void): () => void {
    this.#faults.add(listener);
    return () => this.#faults.delete(listener);
  }

  moveHere(): void {
    this.moved += 1;
  }
}

/** How it stands with the app around the window. */
export interface Around {
  keeping?: Keeping;
  link?: Link;
  update?: UpdateState;
}

/** A desktop where everything that is asked is remembered. */
export class FakeDesktop implements Desktop {
  readonly passphrases: string[] = [];
  forgets = false;
  tests: boolean[] = [];
  app: AppPreferences = {
    ringing: { window: true, quiet_while_sharing: true },
    muteShortcut: null,
  };
  starts = false;
  /** What the system says to the next change; null lets it be. */
  refusal: { cause: string } | null = null;
  shortcutProblem: ShortcutProblem | null = null;
  /** What was asked for about updates. */
  readonly updates: ('look' | 'install')[] = [];
  readonly #keeping: Keeping;
  readonly #link: Link | null;
  readonly #update: UpdateState;
  readonly #right: string;

  constructor({ keeping, link, update }: Around = {}, right = '') {
    this.#keeping = keeping ?? { type: 'keyring' };
    this.#link = link ?? null;
    this.#update = update ?? { type: 'elsewhere' };
    this.#right = right;
  }

  onKeeping(listener: (keeping: Keeping) => void): () => void {
    listener(this.#keeping);
    return () => undefined;
  }

  onLink(listener: (link: Link) => void): () => void {
    if (this.#link) listener(this.#link);
    return () => undefined;
  }

  unlock(passphrase: string): Promise<boolean> {
    this.passphrases.push(passphrase);
    return Promise.resolve(passphrase === this.#right);
  }

  keepInMemory(): void {
    this.forgets = true;
  }

  soundDevices(): Promise<SoundDevices> {
    return Promise.resolve({
      microphones: [{ id: 'headset', name: 'Headset' }],
      speakers: [{ id: 'headset', name: 'Headset' }],
    });
  }

  testDevices(on: boolean): Promise<void> {
    this.tests.push(on);
    return Promise.resolve();
  }

  testMicrophone(): Promise<boolean> {
    return Promise.resolve(true);
  }

  readMicrophone(): Promise<MicrophoneReading> {
    return Promise.resolve({ state: { type: 'live', label: 'Headset' }, level: -30 });
  }

  endMicrophoneTest(): Promise<void> {
    return Promise.resolve();
  }

  preferences(): Promise<AppPreferences> {
    return Promise.resolve(this.app);
  }

  setRinging(ringing: RingPreferences): Promise<void> {
    this.app = { ...this.app, ringing };
    return this.#answer();
  }

  autostart(): Promise<boolean> {
    return Promise.resolve(this.starts);
  }

  setAutostart(on: boolean): Promise<void> {
    if (!this.refusal) this.starts = on;
    return this.#answer();
  }

  onUpdate(listener: (state: UpdateState) => void): () => void {
    listener(this.#update);
    return () => undefined;
  }

  lookForUpdate(): Promise<void> {
    this.updates.push('look');
    return Promise.resolve();
  }

  installUpdate(): Promise<void> {
    this.updates.push('install');
    return Promise.resolve();
  }

  setMuteShortcut(muteShortcut: string | null): Promise<ShortcutProblem | null> {
    const problem = muteShortcut === null ? null : this.shortcutProblem;
    this.app = { ...this.app, muteShortcut: problem ? null : muteShortcut };
    return Promise.resolve(problem);
  }

  #answer(): Promise<void> {
    // As the host rejects: with what the program said.
    return this.refusal ? Promise.reject(this.refusal as unknown as Error) : Promise.resolve();
  }
}

/** Media of a call that does not exist. Tracks are what the maker returns. */
export class FakeMedia implements Media {
  readonly #make: (owner: PeerId | 'local', slot: Slot) => MediaStreamTrack | null;
  readonly #tracks = new Map<string, MediaStreamTrack | null>();
  readonly #refused: readonly string[];
  #at = 0;

  constructor(
    make: (owner: PeerId | 'local', slot: Slot) => MediaStreamTrack | null = () => null,
    refused: readonly string[] = [],
  ) {
    this.#make = make;
    this.#refused = refused;
  }

  refusedServers(_peer: PeerId): readonly string[] {
    return this.#refused;
  }

  local(slot: Slot): MediaStreamTrack | null {
    return this.#track('local', slot);
  }

  picture(peer: PeerId, slot: PictureSlot): MediaStreamTrack | null {
    return this.#track(peer, slot);
  }

  sound(peer: PeerId, slot: SoundSlot): MediaStreamTrack | null {
    return this.#track(peer, slot);
  }

  onTracks(_listener: () => void): () => void {
    return () => undefined;
  }

  figures(_peer: PeerId): Promise<Figures | null> {
    this.#at += 1;
    const wave = Math.sin(this.#at / 4);
    return Promise.resolve({
      at: Date.now(),
      bitrateUp: 1_400_000 + 300_000 * wave,
      bitrateDown: 1_700_000 - 250_000 * wave,
      lossUp: 0,
      lossDown: 0.004 + 0.004 * wave,
      roundTrip: 38 + 6 * wave,
      jitter: 7 + 2 * wave,
      framesPerSecond: 30,
      frameWidth: 1280,
      frameHeight: 720,
      path: 'direct',
    });
  }

  #track(owner: PeerId | 'local', slot: Slot): MediaStreamTrack | null {
    const key = `${owner} ${slot}`;
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const track = this.#make(owner, slot);
    this.#tracks.set(key, track);
    return track;
  }
}
