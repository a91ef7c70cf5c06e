import { createContext } from 'svelte';
import { SvelteMap, createSubscriber } from 'svelte/reactivity';
import { takeResetCode } from '../account/resetLink';
import { Opened } from '../conversation/opened';
import { Router } from '../shared/router.svelte';
import type {
  CallView,
  Command,
  Home,
  Link,
  OpenConversation,
  PeerId,
  Settings,
  View,
} from './bindings';
import type { Desktop, Fault, Host, Keeping, Seat, UpdateState } from './host/host';
import type { Unkept } from './host/records';
import type { Figures, Media, Picture } from './rtc/peers';
import type { PictureSlot, SoundSlot } from './rtc/slots';
import { share } from './share';

/** What components see of the world: the newest view, the seat, the tracks, and where to go. */
export class Client {
  /** Null until the host has shown the first one. */
  view = $state.raw<View | null>(null);
  seat = $state.raw<Seat>('here');
  /** Why there is no core any more. */
  fault = $state.raw<Fault | null>(null);
  /** Why nothing outlives this window, where that is so. */
  unkept = $state.raw<Unkept | null>(null);
  /** The person read so. */
  unkeptRead = $state(false);
  /** Where secrets are kept; null in a browser, which needs nobody for that. */
  keeping = $state.raw<Keeping | null>(null);
  /** What is known of newer versions of the app. */
  update = $state.raw<UpdateState>({ type: 'elsewhere' });
  /** What a link from outside asks for, until the person answered. */
  link = $state.raw<Link | null>(null);
  /** A relay that the person took from a link. */
  proposedRelay = $state<string | null>(null);
  /** The code that a link to set a new password brought, until it was taken up. */
  resetCode = $state<string | null>(takeResetCode());
  /** The call goes on, but the person looks at Home. */
  minimised = $state(false);
  /** What is typed and not sent yet, by conversation; it outlives panels, pages and languages. */
  readonly drafts = new SvelteMap<string, string>();
  readonly router = new Router();

  readonly home: Home | null = $derived(
    this.view?.account.type === 'signed_in' ? this.view.account : null,
  );
  readonly call: CallView | null = $derived(this.home?.call ?? null);
  readonly online = $derived(this.view?.relay.type === 'online');
  /** The version that waits to be installed. */
  readonly newer: string | null = $derived(
    this.update.type === 'found' ? this.update.version : null,
  );

  /** What there is on the desktop alone. */
  readonly desktop: Desktop | null;
  readonly #opened = new Opened();
  readonly #host: Host;
  readonly #media: Media;
  readonly #watchTracks: () => void;
  readonly #stop: (() => void)[];

  constructor(host: Host, media: Media) {
    this.#host = host;
    this.#media = media;
    this.desktop = host.desktop ?? null;
    this.#watchTracks = createSubscriber((update) => media.onTracks(update));
    this.#stop = [
      host.onView((view) => {
        const shared = share(this.view, view);
        if (shared.account.type === 'signed_in') this.#opened.take(shared.account);
        if (shared.account.type === 'signed_out') {
          this.drafts.clear();
          this.#opened.clear();
        }
        this.view = shared;
      }),
      host.onSeat((seat) => (this.seat = seat)),
      host.onOpen?.((id) => {
        this.minimised = true;
        this.router.go({ page: 'conversation', id });
      }) ?? (() => undefined),
      host.desktop?.onKeeping((keeping) => (this.keeping = keeping)) ?? (() => undefined),
      host.desktop?.onUpdate((update) => (this.update = update)) ?? (() => undefined),
      host.desktop?.onLink((link) => (this.link = link)) ?? (() => undefined),
      host.onFault?.((fault) => (this.fault = fault)) ?? (() => undefined),
      host.onUnkept?.((why) => (this.unkept = why)) ?? (() => undefined),
    ];
    this.router.onBack(() => (this.minimised = true));
    // A link that is opened in this window's page loads nothing anew.
    addEventListener('hashchange', this.#hash);
  }

  #hash = () => {
    this.resetCode = takeResetCode() ?? this.resetCode;
  };

  dispatch(command: Command): void {
    if (command.type === 'set_slot' && command.slot === 'screen' && command.on) {
      this.#media.pickScreen?.();
    }
    this.#host.dispatch(command);
  }

  moveHere(): void {
    this.minimised = false;
    this.#host.moveHere();
  }

  /**
   * What the relay's clock says: every time in the view is the relay's, and the clock of this device
   * may be minutes off.
   */
  now(): number {
    return Date.now() - (this.view?.clock_ahead ?? 0);
  }

  /** A conversation as it was open last, here or in another window of the profile. Reactive. */
  openOf(conversation: string): OpenConversation | null {
    const open = this.home?.open ?? null;
    return open?.id === conversation ? open : this.home && this.#opened.of(conversation);
  }

  /** The own picture of a slot. Reactive. */
  local(slot: PictureSlot): Picture | null {
    this.#watchTracks();
    return this.#media.local(slot);
  }

  /** What a participant shows on a slot. Reactive. */
  picture(peer: PeerId, slot: PictureSlot): Picture | null {
    this.#watchTracks();
    return this.#media.picture(peer, slot);
  }

  /** What a participant is heard by on a slot. Reactive. */
  sound(peer: PeerId, slot: SoundSlot): MediaStreamTrack | null {
    this.#watchTracks();
    return this.#media.sound(peer, slot);
  }

  /** What the muted microphone hears, and nobody else. Reactive. */
  unsent(): MediaStreamTrack | null {
    this.#watchTracks();
    return this.#media.unsent?.() ?? null;
  }

  figures(peer: PeerId): Promise<Figures | null> {
    return this.#media.figures(peer);
  }

  /** Addresses of ICE servers that this browser refuses. */
  refusedServers(peer: PeerId): readonly string[] {
    return this.#media.refusedServers?.(peer) ?? [];
  }

  placeCall(conversation: string, media: 'voice' | 'video'): void {
    this.minimised = false;
    this.router.go({ page: 'conversation', id: conversation });
    this.dispatch({ type: 'place_call', conversation, media });
  }

  save(change: Partial<Settings>): void {
    if (!this.view) return;
    this.dispatch({ type: 'save_settings', settings: { ...this.view.settings, ...change } });
  }

  close(): void {
    for (const stop of this.#stop) stop();
    this.router.close();
    removeEventListener('hashchange', this.#hash);
  }
}

export const [useClient, provideClient] = createContext<Client>();
