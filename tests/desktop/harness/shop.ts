import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';

import { run } from './command.ts';

/** Where the app under test looks for updates; scripts/test-desktop.sh builds it in. */
export const SHOP_PORT = 18_470;
const cli = join(import.meta.dirname, '../../../ui/node_modules/.bin/tauri');

export interface Offer {
  /** What the manifest says. */
  version: string;
  /** What was signed. */
  signature: string;
  /** What is handed out. */
  parcel: Buffer;
}

/** Where the app's updates come from, honest or not. */
export class Shop {
  /** Nothing newer while null. */
  offer: Offer | null = null;
  /** Whoever asks gets an error. */
  broken = false;
  /** A parcel is handed out after this. */
  open: Promise<void> = Promise.resolve();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Shop> {
    const server = createServer();
    const shop = new Shop(server);
    server.on('request', ({ url }, response) => {
      const { offer } = shop;
      if (shop.broken) {
        response.writeHead(500).end();
      } else if (!offer) {
        response.writeHead(204).end();
      } else if (url === '/parcel') {
        void shop.open.then(() =>
          response.writeHead(200, { 'content-length': offer.parcel.length }).end(offer.parcel),
        );
      } else {
        const { version, signature } = offer;
        const manifest = { version, signature, url: `http://127.0.0.1:${SHOP_PORT}/parcel` };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(manifest));
      }
    });
    server.listen(SHOP_PORT, '127.0.0.1');
    await once(server, 'listening');
    return shop;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

/** Signs a parcel as this version, with the key that the app believes or another. */
export async function sign(
  scratch: string,
  parcel: Buffer,
  version: string,
  key = process.env['BELLWIRE_UPDATE_KEY'] ?? '',
): Promise<string> {
  const file = join(mkdtempSync(join(scratch, 'parcel-')), 'parcel');
  writeFileSync(file, parcel);
  const parameters = ['signer', 'sign', '--private-key-path', key, '--password', ''];
  await run(cli, [...parameters, '--app-version', version, file]);
  return readFileSync(`${file}.sig`, 'utf8').trim();
}

/** A key that nobody believes. */
export async function strangersKey(scratch: string): Promise<string> {
  const key = join(scratch, 'strangers-key');
  await run(cli, ['signer', 'generate', '--ci', '--password', '', '--write-keys', key]);
  return key;
}
