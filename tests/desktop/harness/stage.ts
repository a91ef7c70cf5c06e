import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { befriend, makeAccount, type Account } from '../../e2e/harness/account.ts';
import { Relay } from '../../e2e/harness/relay.ts';
import { Browser } from './browser.ts';
import type { KeyringState } from './bus.ts';
import { Desktop, type Theme } from './desktop.ts';
import { Wiretap } from './wiretap.ts';

/** What one scene plays on. Everything on it belongs to that scene alone and ends with it. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'bellwire-desktop-'));
  readonly #desktops: Desktop[] = [];
  readonly #browsers: Browser[] = [];
  readonly #ending: (() => Promise<void>)[] = [];

  /** The theme of everybody's desktop. */
  constructor(readonly theme: Theme = 'light') {}

  /** A relay with an empty store. */
  async relay(): Promise<Relay> {
    const relay = await Relay.start();
    this.#ending.push(() => relay.remove());
    return relay;
  }

  /** Two people who are contacts. */
  async pair(relay: Relay): Promise<{ ada: Account; grace: Account }> {
    const [ada, grace] = await Promise.all([makeAccount(relay, 'Ada'), makeAccount(relay, 'Grace')]);
    await befriend(relay, ada, grace);
    return { ada, grace };
  }

  /** A way to the relay on which all is overheard. */
  async wiretap(relay: Relay): Promise<Wiretap> {
    const tap = await Wiretap.start(relay.origin);
    this.#ending.push(() => tap.stop());
    return tap;
  }

  /** Somebody's machine; the app is not started. */
  async desktop(name: string, keyring: KeyringState = 'unlocked'): Promise<Desktop> {
    const desktop = await Desktop.start(name, join(this.folder, name), keyring, this.theme);
    this.#desktops.push(desktop);
    this.#ending.push(() => desktop.stop());
    return desktop;
  }

  /** Somebody with a browser, signed in. With a camera the microphone speaks by itself. */
  async browser(relay: Relay, account: Account, camera = false): Promise<Browser> {
    const folder = join(this.folder, `${account.username}-browser`);
    const browser = await Browser.start(relay, account, folder, camera);
    this.#browsers.push(browser);
    this.#ending.push(() => browser.stop());
    return browser;
  }

  /** Has something else end with the scene. */
  onEnd(end: () => Promise<void>): void {
    this.#ending.push(end);
  }

  /** Keeps what may explain a failure; says where. */
  async keep(scene: string): Promise<string> {
    const name = scene.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 80);
    const folder = join(import.meta.dirname, '../../results/desktop', name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const desktop of this.#desktops) {
      await desktop.testify(folder).catch((error: unknown) => console.error(`        ${String(error)}`));
      cpSync(desktop.place.logs, join(folder, desktop.name), { recursive: true });
    }
    for (const browser of this.#browsers) {
      await browser.testify(folder).catch((error: unknown) => console.error(`        ${String(error)}`));
      cpSync(browser.place.logs, join(folder, browser.name.toLowerCase()), { recursive: true });
    }
    return folder;
  }

  async end(): Promise<void> {
    for (const end of this.#ending.reverse()) {
      await end().catch((error: unknown) => console.error(`        not ended: ${String(error)}`));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
