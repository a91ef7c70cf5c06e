import { join } from 'node:path';

import { Child } from './child.ts';
import { run } from './command.ts';
import type { Place } from './place.ts';
import { until } from './waiting.ts';

/** A screen that nobody looks at, with a window manager: it closes, raises and focuses windows. */
export class Display {
  readonly #others: Child[] = [];

  private constructor(
    private readonly place: Place,
    private readonly server: Child,
    private readonly windows: Child,
    private readonly env: NodeJS.ProcessEnv,
    /** As in `DISPLAY`. */
    readonly name: string,
  ) {}

  static async start(place: Place): Promise<Display> {
    const screen = ['-screen', '0', '1280x900x24', '-nolisten', 'tcp', '-displayfd', '3'];
    const log = place.log('xvfb');
    const server = new Child('Xvfb', 'Xvfb', screen, { log, env: place.env, tells: true });
    const name = `:${await server.told(10_000)}`;
    const env = { ...place.env, DISPLAY: name };
    const windows = new Child('openbox', 'openbox', [], { log: place.log('openbox'), env });
    return new Display(place, server, windows, env, name);
  }

  /** Visible windows with this title, as X numbers them. */
  async visible(title: string): Promise<string[]> {
    const found = await run('xdotool', ['search', '--onlyvisible', '--name', `^${title}$`], {
      env: this.env,
      // Nothing found is its code 1.
      codes: [0, 1],
    });
    return found.split('\n').filter((line) => line !== '');
  }

  /** Closes a window as its close button does. */
  async close(window: string): Promise<void> {
    await run('xdotool', ['windowactivate', '--sync', window, 'key', '--clearmodifiers', 'alt+F4'], {
      env: this.env,
    });
  }

  /** Has a window of another program, with the focus; gives its number. */
  async distract(): Promise<string> {
    const log = this.place.log('display');
    this.#others.push(
      new Child('display', 'display', ['-title', 'Something else', '-size', '300x200', 'xc:gray'], {
        log,
        env: this.env,
      }),
    );
    const window = await until('another window', async () => (await this.visible('Something else'))[0]);
    await run('xdotool', ['windowactivate', '--sync', window], { env: this.env });
    return window;
  }

  /** The window that has the focus. */
  async focused(): Promise<string> {
    return (await run('xdotool', ['getwindowfocus'], { env: this.env })).trim();
  }

  /** The whole screen as a PNG. */
  async picture(folder: string, name: string): Promise<void> {
    await run('import', ['-window', 'root', join(folder, `${name}.png`)], { env: this.env });
  }

  /** Moves the mouse in the middle of the screen, as somebody who looks for buttons. */
  async stir(): Promise<void> {
    for (const at of ['600', '620']) await run('xdotool', ['mousemove', at, '450'], { env: this.env });
  }

  /** Clicks into a window; where is given in shares of its width and height. */
  async click(window: string, across: number, down: number): Promise<void> {
    const at = (await this.#within(window, across, down)).map(String);
    await run('xdotool', ['mousemove', '--window', window, ...at, 'click', '1'], { env: this.env });
  }

  /** Whether there are letters at a place of a window: what is light beside what is dark. */
  async lettered(window: string, across: number, down: number): Promise<boolean> {
    const [x, y] = await this.#within(window, across, down);
    const crop = ['-crop', `40x16+${x - 20}+${y - 8}`, '-format', '%[fx:minima] %[fx:maxima]', 'info:-'];
    const shades = await run('import', ['-window', window, ...crop], { env: this.env });
    const [dark, light] = shades.trim().split(' ').map(Number);
    return dark !== undefined && light !== undefined && light - dark > 0.7;
  }

  async #within(window: string, across: number, down: number): Promise<[number, number]> {
    const geometry = await run('xdotool', ['getwindowgeometry', '--shell', window], { env: this.env });
    const of = (name: string): number => Number(new RegExp(`^${name}=(\\d+)`, 'm').exec(geometry)?.[1]);
    return [Math.round(of('WIDTH') * across), Math.round(of('HEIGHT') * down)];
  }

  /** What a window shows as a PNG. */
  async pictureOf(window: string, file: string): Promise<void> {
    await run('import', ['-window', window, file], { env: this.env });
  }

  async stop(): Promise<void> {
    for (const other of this.#others) await other.end();
    await this.windows.end();
    await this.server.end();
  }
}
