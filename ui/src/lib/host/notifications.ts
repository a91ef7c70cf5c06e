import type { Alert, CallId, ConversationId } from '../bindings';
import { within } from './timeout';

/** What a notification says, in the person's language. `null` shows none. */
export type Words = (alert: Alert) => { title: string; body: string } | null;

/**
 * Asks the person whether this page may show notifications. Browsers want this from within a click.
 */
export async function askForNotifications(): Promise<NotificationPermission> {
  if (typeof Notification === 'undefined') return 'denied';
  return await Notification.requestPermission();
}

/** Whether the person allowed notifications, or may be asked. */
export function notificationPermission(): NotificationPermission {
  return typeof Notification === 'undefined' ? 'denied' : Notification.permission;
}

/** Shows alerts as notifications of the system while nobody sees a window. */
export class Notifications {
  readonly #words: Words;
  readonly #open: (conversation: ConversationId) => void;
  readonly #rings = new Map<CallId, Notification>();
  /** Rings that stopped while it was still being found out whether a window is visible. */
  readonly #stopped = new Set<CallId>();

  constructor(words: Words, open: (conversation: ConversationId) => void) {
    this.#words = words;
    this.#open = open;
    announceVisibility();
  }

  async show(alert: Alert): Promise<void> {
    if (alert.type === 'ring_stopped') {
      this.#stopped.add(alert.call);
      this.#rings.get(alert.call)?.close();
      this.#rings.delete(alert.call);
      return;
    }
    if (alert.type === 'ring') this.#stopped.delete(alert.call);
    const words = notificationPermission() === 'granted' ? this.#words(alert) : null;
    if (!words || (await isAnyWindowVisible())) return;
    if (alert.type === 'ring' && this.#stopped.has(alert.call)) return;
    this.#notify(alert, words);
  }

  #notify(
    alert: Exclude<Alert, { type: 'ring_stopped' }>,
    { title, body }: { title: string; body: string },
  ): void {
    const rings = alert.type === 'ring';
    let notification: Notification;
    try {
      const tag = rings ? alert.call : alert.conversation;
      notification = new Notification(title, { body, tag, requireInteraction: rings });
    } catch {
      // Chrome on Android shows notifications of service workers only.
      return;
    }
    notification.onclick = () => {
      window.focus();
      notification.close();
      if (alert.type !== 'ring') this.#open(alert.conversation);
    };
    if (rings) this.#rings.set(alert.call, notification);
  }
}

/** Held, shared, by every window that a person sees. The browser lets go of a crashed one's. */
const VISIBLE = 'bellwire-visible';
/** How long the browser may take to say who holds it, in ms; a ring waits meanwhile. */
const QUERY_MS = 1_000;

function announceVisibility(): void {
  if (!('locks' in navigator)) return;
  let release: (() => void) | null = null;
  const update = (): void => {
    if (!document.hidden && !release) {
      const hidden = new Promise<void>((resolve) => (release = resolve));
      // Where locks are refused, each window speaks for itself.
      navigator.locks.request(VISIBLE, { mode: 'shared' }, () => hidden).catch(() => undefined);
    } else if (document.hidden && release) {
      release();
      release = null;
    }
  };
  document.addEventListener('visibilitychange', update);
  update();
}

async function isAnyWindowVisible(): Promise<boolean> {
  if (!document.hidden) return true;
  if (!('locks' in navigator)) return false;
  try {
    const { held } = await within(QUERY_MS, navigator.locks.query());
    return held?.some(({ name }) => name === VISIBLE) ?? false;
  } catch {
    return false;
  }
}
