import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { flushSync } from 'svelte';
import { onTestFinished } from 'vitest';
import type { Command, View } from '../lib/bindings';
import { Client } from '../lib/client.svelte';
import App from '../views/App.svelte';
import { FakeDesktop, FakeHost, FakeMedia } from './fake';
import type { Scene } from './scenes';

/** The application in front of a fake host. */
export interface Stage {
  host: FakeHost;
  client: Client;
  /** Shows another view and waits for the DOM. */
  show: (view: View) => void;
  /** What was asked of the core, without what the application asks by itself. */
  asked: () => Command[];
}

/** The passphrase that the fake desktop takes. */
export const RIGHT = 'three green bells';

const ITSELF: Command['type'][] = ['open_conversation', 'load_devices'];

export function stage(
  scene: Scene,
  media = new FakeMedia(
    (_owner, slot) => ({ kind: slot }) as unknown as MediaStreamTrack,
    scene.refused,
  ),
): Stage {
  const host = new FakeHost(
    scene.view,
    scene.seat,
    scene.desktop && new FakeDesktop(scene.desktop, RIGHT),
  );
  const client = new Client(host, media);
  client.router.place = scene.place ?? { page: 'home' };
  client.minimised = scene.minimised ?? false;
  client.fault = scene.fault ?? null;
  client.unkept = scene.unkept ?? null;
  render(App, { props: { client } });
  flushSync();
  // What it hears of the window is not for the next test's.
  onTestFinished(() => client.close());
  return {
    host,
    client,
    show: (view) => flushSync(() => host.show(view)),
    asked: () => host.commands.filter(({ type }) => !ITSELF.includes(type)),
  };
}

/** Opens the menu `More`, and returns its items. */
export async function menuItems(): Promise<HTMLElement[]> {
  await userEvent.click(screen.getByRole('button', { name: 'More' }));
  // Without layout the menu counts as hidden, and roles find nothing that is.
  return waitFor(() => {
    const items = [...document.querySelectorAll<HTMLElement>('[role="menuitem"]')];
    if (items.length === 0) throw new Error('the menu is not open');
    return items;
  });
}

/** Opens the menu `More`, and returns the item with this name. */
export async function fromMenu(name: string): Promise<HTMLElement> {
  const item = (await menuItems()).find(({ textContent }) => textContent.trim() === name);
  if (!item) throw new Error(`the menu has no ${name}`);
  return item;
}

/** Closes a dialog by its button, and waits until the page beneath takes the pointer again. */
export async function closeDialog(dialog: HTMLElement): Promise<void> {
  await userEvent.click(within(dialog).getByRole('button', { name: 'Close' }));
  await waitFor(() => {
    if (dialog.isConnected) throw new Error('the dialog is open');
    const { pointerEvents } = getComputedStyle(document.body);
    if (pointerEvents === 'none') throw new Error('the page takes no pointer');
  });
}
