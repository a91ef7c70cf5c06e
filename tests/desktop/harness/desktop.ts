import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { Builder, type WebDriver } from 'selenium-webdriver';

import type { Account } from '../../e2e/harness/account.ts';
import { within } from '../../e2e/harness/within.ts';
import { SessionBus, type KeyringState } from './bus.ts';
import { Child } from './child.ts';
import { Display } from './display.ts';
import { Panel } from './panel.ts';
import { Place } from './place.ts';
import { freePorts } from './ports.ts';
import { processesOf } from './processes.ts';
import { Room } from './room.ts';
import { until } from './waiting.ts';
import { Window } from './window.ts';

const here = import.meta.dirname;
const tools =
  process.env['BELLWIRE_TOOLS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bellwire/tools');
const driverBinary = join(tools, 'bin/tauri-driver');
/** The app under test. */
export const appBinary = resolve(
  process.env['BELLWIRE_DESKTOP_BIN'] ?? join(here, '../../../target/debug/bellwire-desktop'),
);

/** How long the app may take until it can be driven, in ms. A cold debug build needs 3 s. */
const START_MS = 30_000;

/** How long a key that was pressed may take to show, in ms, before it is pressed again. */
const KEY_MS = 3_000;

/** How somebody likes their desktop. */
export type Theme = 'light' | 'dark';

/** Somebody's machine: screen, session bus, sound and what they keep, and the app on it. */
export class Desktop {
  #driver: { child: Child; session: WebDriver } | null = null;
  #window: Window | null = null;
  #panel: Panel | null = null;
  /** What is started. */
  binary = appBinary;
  /** Whether the machine has a camera. */
  camera = true;

  private constructor(
    readonly name: string,
    readonly place: Place,
    readonly display: Display,
    readonly bus: SessionBus,
    readonly room: Room,
    private readonly theme: Theme,
  ) {}

  /** Prepares the machine; the app is not started. */
  static async start(
    name: string,
    folder: string,
    keyring: KeyringState,
    theme: Theme,
  ): Promise<Desktop> {
    for (const file of [driverBinary, appBinary]) {
      if (!existsSync(file)) throw new Error(`${file} is missing: scripts/test-desktop.sh makes it`);
    }
    const place = new Place(folder);
    const bus = await SessionBus.start(place);
    const [display, room] = await Promise.all([
      Display.start(place),
      Room.start(place),
      bus.setKeyring(keyring),
    ]);
    return new Desktop(name, place, display, bus, room, theme);
  }

  /** The window of the running app. */
  get window(): Window {
    if (!this.#window) throw new Error(`${this.name}'s app does not run`);
    return this.#window;
  }

  /** Puts a panel on the screen: notifications and a tray. */
  async addPanel(abilities = 'actions body body-markup'): Promise<Panel> {
    this.#panel = await Panel.start(this.place, this.bus, abilities);
    return this.#panel;
  }

  /** Starts the app, to be driven. */
  async open(...parameters: string[]): Promise<Window> {
    const [port = 0, native = 0] = await freePorts(2);
    const child = new Child(
      'tauri-driver',
      driverBinary,
      ['--port', `${port}`, '--native-port', `${native}`],
      { log: this.place.log('app'), env: this.env },
    );
    await until('the driver listens', () =>
      fetch(`http://127.0.0.1:${port}/status`).then(({ ok }) => ok),
    );
    const wanted = {
      browserName: 'wry',
      'tauri:options': { application: this.binary, args: parameters },
    };
    const building = new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(wanted);
    try {
      const session = await within(START_MS, building.build());
      this.#driver = { child, session };
      this.#window = new Window(session);
    } catch (error) {
      await child.end();
      throw error;
    }
    return this.#window;
  }

  /** Starts the app once more beside the first, not driven; for those that end by themselves. */
  startAgain(...parameters: string[]): Child {
    return new Child('bellwire-desktop', this.binary, parameters, {
      log: this.place.log('again'),
      env: this.env,
    });
  }

  /** Ends the app as a power cut would. */
  async kill(): Promise<void> {
    const driver = this.#driver;
    this.#driver = null;
    this.#window = null;
    if (!driver) return;
    const pids = [this.#pid, ...this.webProcesses].filter((pid) => pid !== undefined);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await driver.child.end('SIGKILL');
    await until('the app has ended', () => this.#pid === undefined);
  }

  get pid(): number {
    const pid = this.#pid;
    if (pid === undefined) throw new Error(`${this.name}'s app does not run`);
    return pid;
  }

  /** Whether the app runs. */
  get runs(): boolean {
    return this.#pid !== undefined;
  }

  /** The processes of its webviews. */
  get webProcesses(): number[] {
    return processesOf(this.place, 'WebKitWebProcess');
  }

  /** Through the first screens until conversations are there. */
  async signIn(relay: string, account: Account): Promise<void> {
    const { window } = this;
    await window.fill('Relay', relay);
    await window.reads('answers there');
    await window.fill('Username', account.username);
    await window.fill('Password', account.password);
    await window.press('button', 'Sign in');
    await window.find('heading', 'Ready for your first call?');
    await window.press('button', 'Skip');
    await window.find('region', 'Conversations');
  }

  /** Closes the main window as its close button does, and waits until nothing of the app is seen. */
  async closeWindow(): Promise<void> {
    const shown = (): Promise<string[]> => this.display.visible('Bellwire');
    const window = await until('the window is shown', async () => (await shown())[0]);
    let pressed = Number.NEGATIVE_INFINITY;
    await until('no window is shown', async () => {
      if ((await shown()).length === 0) return true;
      // A key that is pressed while the window manager is busy gets lost.
      if (performance.now() - pressed > KEY_MS) {
        await this.display.close(window);
        pressed = performance.now();
      }
      return false;
    });
  }

  /** Opens the conversation with somebody. */
  async talkTo(name: string): Promise<void> {
    await this.window.press('link', name);
    await this.window.find('button', 'Voice call');
  }

  /** What could be seen when something went wrong. */
  async testify(folder: string): Promise<void> {
    await this.display.picture(folder, `${this.name}-screen`);
    const session = this.#driver?.session;
    if (session) {
      const text = await within(5_000, this.window.text());
      await writeFile(join(folder, `${this.name}-page.txt`), text);
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.#panel?.stop();
    await this.room.stop();
    await this.bus.stop();
    await this.display.stop();
  }

  get env(): NodeJS.ProcessEnv {
    return {
      ...this.bus.env,
      ...this.room.env,
      DISPLAY: this.display.name,
      GDK_BACKEND: 'x11',
      GTK_THEME: this.theme === 'dark' ? 'Adwaita:dark' : 'Adwaita',
      LIBGL_ALWAYS_SOFTWARE: '1',
      WEBKIT_DISABLE_DMABUF_RENDERER: '1',
      // There is no accessibility bus here, and looking for one takes time.
      NO_AT_BRIDGE: '1',
      ...(this.camera ? {} : { BELLWIRE_NO_CAMERA: '1' }),
      BELLWIRE_LOG: process.env['BELLWIRE_LOG'] ?? 'info',
    };
  }

  get #pid(): number | undefined {
    return processesOf(this.place, 'bellwire-desktop')[0];
  }
}
