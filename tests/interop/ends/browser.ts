import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';

import { executablePath, flags } from '../../e2e/harness/chromium-flags.ts';
import { End, type PeerCommand } from './end.ts';

export type Kind = 'chromium' | 'firefox';

/** `plain` is the standard's API bare; `executor` is Bellwire's own executor for webviews. */
export type Script = 'plain' | 'executor';

const binaries: Record<Kind, string> = {
  chromium: executablePath,
  firefox: process.env['BELLWIRE_FIREFOX'] ?? '/usr/bin/firefox-esr',
};

const chromiumFlags = [
  ...flags,
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=fps=30',
  // The relay matrix has a certificate of its own.
  '--ignore-certificate-errors',
];

const firefoxPreferences = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // Its video codec from Cisco is downloaded; VP8 is built in.
  'media.gmp-manager.updateEnabled': false,
  'media.gmp-gmpopenh264.enabled': false,
  'app.update.disabledForTesting': true,
  'toolkit.telemetry.enabled': false,
};

/** One browser that several ends share, and the pages it is given. */
export class BrowserHost {
  private constructor(
    private readonly kind: Kind,
    private readonly browser: Browser,
    private readonly profile: string,
    private readonly pages: Server,
    private readonly origin: string,
  ) {}

  static async start(kind: Kind): Promise<BrowserHost> {
    const pages = await servePages();
    const { port } = pages.address() as AddressInfo;
    const profile = await mkdtemp(join(tmpdir(), `bellwire-${kind}-`));
    const browser = await puppeteer.launch({
      browser: kind === 'firefox' ? 'firefox' : 'chrome',
      executablePath: binaries[kind],
      headless: true,
      userDataDir: profile,
      ...(kind === 'chromium'
        ? { args: chromiumFlags }
        : { extraPrefsFirefox: firefoxPreferences }),
    });
    return new BrowserHost(kind, browser, profile, pages, `http://127.0.0.1:${port}`);
  }

  /** A new page as one end of a connection. */
  async open(script: Script): Promise<End> {
    const page = await this.browser.newPage();
    const name = script === 'plain' ? this.kind : `${this.kind} with the executor`;
    const end = new PageEnd(name, page);
    await end.load(`${this.origin}/${script}.html`);
    return end;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.pages.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class PageEnd extends End {
  #order: Promise<unknown> = Promise.resolve();

  constructor(
    name: string,
    private readonly page: Page,
  ) {
    super(name);
  }

  async load(url: string): Promise<void> {
    await this.page.exposeFunction('report', (line: string) => this.hear(line));
    this.page.on('pageerror', (error) =>
      this.hear(JSON.stringify({ type: 'note', text: String(error) })),
    );
    await this.page.goto(url);
  }

  protected override deliver(command: PeerCommand): void {
    const line = JSON.stringify(command);
    this.#order = this.#order.then(() =>
      this.page
        .evaluate((text) => (globalThis as unknown as Taking).take(text), line)
        .catch((error: unknown) => this.end(`the page is gone: ${String(error)}`)),
    );
  }

  override async stop(): Promise<void> {
    await this.#order;
    if (!this.page.isClosed()) await this.page.close();
  }
}

interface Taking {
  take(line: string): void;
}

async function servePages(): Promise<Server> {
  const here = join(import.meta.dirname, '../pages');
  const executor = await build({
    entryPoints: [join(here, 'executor.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    define: { 'import.meta.env.DEV': 'false' },
  });
  const files: Record<string, [type: string, body: string | Uint8Array]> = {
    '/plain.html': ['text/html', pageFor('plain')],
    '/executor.html': ['text/html', pageFor('executor')],
    '/plain.js': ['text/javascript', await readFile(join(here, 'plain.js'))],
    '/executor.js': ['text/javascript', executor.outputFiles[0]?.contents ?? ''],
  };
  const server = createServer((request, reply) => {
    const file = files[request.url ?? ''];
    if (file) reply.writeHead(200, { 'content-type': file[0] }).end(file[1]);
    else reply.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function pageFor(script: Script): string {
  return `<!doctype html><meta charset="utf-8"><title>${script}</title><body><script type="module" src="/${script}.js"></script>`;
}
