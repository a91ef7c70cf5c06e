import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { Coturn } from './coturn.ts';
import { BrowserHost, type Kind, type Script } from './ends/browser.ts';
import type { End } from './ends/end.ts';
import { ProgramEnd } from './ends/program.ts';

const here = import.meta.dirname;

/** Where `setup.sh` puts what it installs. */
export const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bellwire/interop');

const bellwire = resolve(
  process.env['BELLWIRE_PEER_BIN'] ?? join(here, '../../target/debug/bellwire-peer'),
);

/** `setup.sh` makes them. */
const bellwireMedia = ['--voice', join(cache, 'voice.wav'), '--video', join(cache, 'film.ivf')];

/** Makes ends by name and sees to it that nothing of them is left. */
export class Stage {
  readonly #browsers = new Map<Kind, Promise<BrowserHost>>();
  #ends: End[] = [];
  #coturn: Promise<Coturn> | null = null;

  async end(name: string): Promise<End> {
    const end = await this.#make(name);
    this.#ends.push(end);
    return end;
  }

  coturn(): Promise<Coturn> {
    this.#coturn ??= Coturn.start();
    return this.#coturn;
  }

  /** Lets go of the ends of a case, browsers stay. */
  async clear(): Promise<void> {
    const ends = this.#ends;
    this.#ends = [];
    await Promise.all(ends.map((end) => end.stop()));
  }

  async stop(): Promise<void> {
    await this.clear();
    for (const browser of this.#browsers.values()) await (await browser).stop();
    await this.#coturn?.then(
      (coturn) => coturn.stop(),
      // A relay that did not start was reported by whoever wanted it.
      () => undefined,
    );
  }

  async #make(name: string): Promise<End> {
    switch (name) {
      case 'bellwire':
        return this.#program(name, bellwire, bellwireMedia, await this.#trust());
      case 'chromium':
      case 'firefox':
        return this.#page(name, 'plain');
      case 'executor':
        return this.#page('chromium', 'executor');
      case 'aiortc':
        return this.#program(name, join(cache, 'aiortc/bin/python'), [join(here, 'aiortc_peer.py')]);
      case 'gstreamer':
        return this.#program(name, '/usr/bin/python3', [join(here, 'gstreamer_peer.py')]);
      default:
        throw new Error(`nothing here is called ${name}`);
    }
  }

  /** The relay's authority, in the variable that Rust's TLS reads, once there is a relay. */
  async #trust(): Promise<NodeJS.ProcessEnv> {
    const coturn = await this.#coturn;
    return coturn ? { SSL_CERT_FILE: coturn.authority } : {};
  }

  #program(
    name: string,
    binary: string,
    parameters: string[],
    environment: NodeJS.ProcessEnv = {},
  ): End {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: run tests/interop/setup.sh`);
    return new ProgramEnd(name, binary, parameters, environment);
  }

  async #page(kind: Kind, script: Script): Promise<End> {
    let browser = this.#browsers.get(kind);
    if (!browser) {
      browser = BrowserHost.start(kind);
      this.#browsers.set(kind, browser);
    }
    return (await browser).open(script);
  }
}
