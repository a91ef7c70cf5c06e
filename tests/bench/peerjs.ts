import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSocket, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { BrowserContext, Page } from '@playwright/test';

const here = import.meta.dirname;

/** The peer that Bellwire is measured against: its own server, its own client. */
export class PeerJs {
  private constructor(
    private readonly signaling: ChildProcess,
    private readonly port: number,
    private readonly pages: Server,
    /** Where its pages are. */
    readonly origin: string,
  ) {}

  static async start(address = '127.0.0.1'): Promise<PeerJs> {
    const port = await freePort(address);
    const signaling = spawn(
      process.execPath,
      [join(here, 'node_modules/peer/dist/bin/peerjs.js'), '--port', String(port), '--host', address],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(signaling.stdout, 'data');
    const files: Record<string, [type: string, path: string]> = {
      '/': ['text/html', 'peerjs.html'],
      '/page.js': ['text/javascript', 'peerjs-page.js'],
      '/peerjs.min.js': ['text/javascript', 'node_modules/peerjs/dist/peerjs.min.js'],
    };
    const pages = createServer((request, reply) => {
      const file = files[new URL(request.url ?? '/', 'http://localhost').pathname];
      if (!file) {
        reply.writeHead(404).end();
        return;
      }
      void readFile(join(here, file[1])).then((body) =>
        reply.writeHead(200, { 'content-type': file[0] }).end(body),
      );
    });
    pages.listen(0, address);
    await once(pages, 'listening');
    const listens = pages.address() as AddressInfo;
    return new PeerJs(signaling, port, pages, `http://${address}:${listens.port}`);
  }

  async open(
    context: BrowserContext,
    me: string,
    other: string,
    iceServers: readonly RTCIceServer[] = [],
  ): Promise<Page> {
    const page = await context.newPage();
    const parameters = new URLSearchParams({
      me,
      other,
      port: String(this.port),
      ice: JSON.stringify(iceServers),
    });
    await page.goto(`${this.origin}/?${parameters.toString()}`);
    await page.locator('body[data-ready]').waitFor();
    return page;
  }

  async stop(): Promise<void> {
    this.pages.close();
    const exited = once(this.signaling, 'exit');
    this.signaling.kill();
    await exited;
  }
}

async function freePort(address: string): Promise<number> {
  const server = createSocket().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
