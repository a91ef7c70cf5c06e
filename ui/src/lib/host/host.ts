import type {
  Alert,
  Appearance,
  Command,
  ConversationId,
  Link,
  SlotState,
  View,
} from '../bindings';
import type { Unkept } from './records';

/** The only door to Rust. Implemented by `web.ts` (wasm) and, on the desktop, `tauri.ts`. */
export interface Host {
  dispatch(command: Command): void;
  /** Calls back with the current view, then with every new one. */
  onView(listener: (view: View) => void): () => void;
  /** What a person should notice although they do not look at this window. */
  onAlert(listener: (alert: Alert) => void): () => void;
  /** Calls back with the current seat, then with every change. */
  onSeat(listener: (seat: Seat) => void): () => void;
  /** Brings the core, and a call with it, into this window. */
  moveHere(): void;
  /** Calls back when the person picked a conversation outside the page, in a notification. */
  onOpen?(listener: (conversation: ConversationId) => void): () => void;
  /** Calls back if there is no core any more, or never was. Hosts that cannot fail lack it. */
  onFault?(listener: (fault: Fault) => void): () => void;
  /** Calls back if nothing outlives this window, and why. Hosts that say so elsewhere lack it. */
  onUnkept?(listener: (why: Unkept) => void): () => void;
  /** What there is on the desktop alone. */
  readonly desktop?: Desktop;
}

/** What a host on the desktop can do beside. */
export interface Desktop {
  /** Calls back with where secrets are kept, then with every change. */
  onKeeping(listener: (keeping: Keeping) => void): () => void;
  /** Calls back when a link from outside asks for something. */
  onLink(listener: (link: Link) => void): () => void;
  /** Opens the records with a passphrase, or starts new ones under it. False if it is wrong. */
  unlock(passphrase: string): Promise<boolean>;
  /** Keeps everything in memory until the app is quit. */
  keepInMemory(): void;
  /** The devices of the sound engine; null where the webview does the sound. */
  soundDevices(): Promise<SoundDevices | null>;
  /** The person tests devices, or stopped: only then, and in calls, a page may open one. */
  testDevices(on: boolean): Promise<void>;
  /**
   * Opens a microphone for a test in place of the one before. False where the webview does the
   * sound, and has to open it itself.
   */
  testMicrophone(device: string | null): Promise<boolean>;
  /** What the microphone under test hears, or why it does not; null if none is. */
  readMicrophone(): Promise<MicrophoneReading | null>;
  endMicrophoneTest(): Promise<void>;
  /** How calls are shown on this device, and the keys that mute from anywhere. */
  preferences(): Promise<AppPreferences>;
  /** Changes how calls are shown. Rejects with a cause if it is not kept; it holds until the end. */
  setRinging(ringing: RingPreferences): Promise<void>;
  /** Whether the app starts with the system; null where that cannot be found out. */
  autostart(): Promise<boolean | null>;
  /** Rejects with a cause. */
  setAutostart(on: boolean): Promise<void>;
  /** What is known of newer versions, now and whenever that changes. */
  onUpdate(listener: (state: UpdateState) => void): () => void;
  /** Looks for a newer version. */
  lookForUpdate(): Promise<void>;
  /** Installs it and starts the app anew, between two calls. */
  installUpdate(): Promise<void>;
  /** Takes keys as in `Ctrl+Shift+M`, or lets go of them. Resolves with what is in the way. */
  setMuteShortcut(keys: string | null): Promise<ShortcutProblem | null>;
}

/** How calls are shown on this device, beside what the settings of the core say. */
export interface RingPreferences {
  /** A small window when somebody calls. */
  window: boolean;
  /** Neither window nor notification while this device shares its screen. */
  quiet_while_sharing: boolean;
}

/** What the person wants of the app on this device. */
export interface AppPreferences {
  ringing: RingPreferences;
  muteShortcut: string | null;
}

/** What is known of newer versions. `elsewhere`: this build is updated the way it was installed. */
export type UpdateState =
  | { type: 'elsewhere' }
  | { type: 'looking' }
  | { type: 'newest' }
  | { type: 'found'; version: string }
  | { type: 'installing'; version: string }
  | { type: 'failed'; cause: string };

/** Why keys do not mute from anywhere; `not_kept`: they do, until the app is quit. */
export type ShortcutProblem =
  | { type: 'not_keys' }
  | { type: 'unsupported' }
  | { type: 'refused'; cause: string }
  | { type: 'not_kept'; cause: string };

/** What the ringing window shows, in the person's language. */
export interface Card {
  call: string;
  name: string;
  /** What the colour of the picture is made from. */
  seed: string;
  /** Voice or video, in words. */
  kind: string;
  title: string;
  accept: string;
  decline: string;
  open: string;
  language: string;
  appearance: Appearance;
}

/**
 * Where secrets are kept. `locked`: there is no keyring, and a passphrase is wanted; `sealed` if one
 * was chosen before.
 */
export type Keeping =
  | { type: 'opening' }
  | { type: 'keyring' }
  | { type: 'passphrase' }
  | { type: 'memory' }
  | { type: 'locked'; sealed: boolean };

/** What a microphone under test hears; `level` in dB of full scale. */
export interface MicrophoneReading {
  state: SlotState;
  level: number;
}

/** What sound can come from and go to. */
export interface SoundDevices {
  microphones: { id: string; name: string }[];
  speakers: { id: string; name: string }[];
}

/**
 * Why nothing can be shown. `load`: the core's code did not arrive. `crash`: it failed, and again
 * after the page was loaded anew. `draw`: it goes on, and its view could not be drawn. All that is
 * left is to say so and offer to reload.
 */
export type Fault = { type: 'load' } | { type: 'crash' } | { type: 'draw' };

/**
 * Where the core runs. A browser profile has one device however many windows show it: one window
 * holds the core and the media, the others show its view and hand it their commands. Accepting or
 * placing a call in another window moves the core there first.
 *
 * `left`: the window that held a call is gone. The call goes on here after `moveHere`, and ends by
 * `hang_up` or when nobody answers.
 */
export type Seat = 'here' | 'elsewhere' | 'left';
