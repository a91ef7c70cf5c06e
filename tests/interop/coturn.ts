import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { PeerCommand } from './ends/end.ts';

export type IceServers = Extract<PeerCommand, { type: 'open' }>['ice_servers'];

/** How a client reaches the relay. */
export type Transport = 'udp' | 'tcp' | 'tls';

/** How long it may take to listen, in ms. */
const START_MS = 5_000;

/** Between two looks at whether it listens, in ms. */
const RETRY_MS = 50;

/** Ports for allocations: a few calls at a time. */
const RELAY_PORTS = 200;

/** A TURN server that nobody here wrote, with credentials that run out. */
export class Coturn {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly secret: string,
    private readonly port: number,
    private readonly tlsPort: number,
    private readonly address: string,
    /** The certificate of the authority that vouches for it. */
    readonly authority: string,
  ) {}

  /** Starts it on an address of this machine. Its certificate is for loopback. */
  static async start(address = '127.0.0.1'): Promise<Coturn> {
    const folder = await mkdtemp(join(tmpdir(), 'bellwire-coturn-'));
    certify(folder);
    const secret = randomBytes(16).toString('hex');
    const [port, tlsPort, alternative] = await freePorts(3, address);
    if (!port || !tlsPort || !alternative) throw new Error('no free ports');
    // Above what the system gives away by itself.
    const firstPort = 61_000 + Math.floor(Math.random() * 4_000);
    const child = spawn(
      process.env['BELLWIRE_COTURN'] ?? '/usr/bin/turnserver',
      [
        '-n',
        `--listening-ip=${address}`,
        `--relay-ip=${address}`,
        `--listening-port=${port}`,
        `--tls-listening-port=${tlsPort}`,
        `--alt-listening-port=${alternative}`,
        `--min-port=${firstPort}`,
        `--max-port=${firstPort + RELAY_PORTS}`,
        '--allow-loopback-peers',
        '--use-auth-secret',
        `--static-auth-secret=${secret}`,
        '--realm=bellwire.test',
        `--cert=${join(folder, 'relay.pem')}`,
        `--pkey=${join(folder, 'relay.key')}`,
        '--no-dtls',
        '--no-cli',
        '--no-rfc5780',
        '--log-file=stdout',
        `--userdb=${join(folder, 'users')}`,
        `--pidfile=${join(folder, 'pid')}`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'], cwd: folder },
    );
    // Also when the run is cut short: it would stay for ever.
    process.once('exit', () => child.kill('SIGKILL'));
    const coturn = new Coturn(
      child, folder, secret, port, tlsPort, address, join(folder, 'authority.pem'),
    );
    try {
      await listening(child, address, [port, tlsPort]);
    } catch (error) {
      await coturn.stop();
      throw error;
    }
    return coturn;
  }

  /** What a client is told, good for `seconds` from here on. */
  servers(transport: Transport, seconds: number): IceServers {
    const username = `${Math.floor(Date.now() / 1000) + seconds}:somebody`;
    const credential = createHmac('sha1', this.secret).update(username).digest('base64');
    return [{ urls: [this.#url(transport)], username, credential }];
  }

  #url(transport: Transport): string {
    switch (transport) {
      case 'udp':
        return `turn:${this.address}:${this.port}?transport=udp`;
      case 'tcp':
        return `turn:${this.address}:${this.port}?transport=tcp`;
      case 'tls':
        return `turns:localhost:${this.tlsPort}?transport=tcp`;
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exited;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** It does not say when it listens. */
async function listening(child: ChildProcess, address: string, ports: number[]): Promise<void> {
  const lines: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  const until = performance.now() + START_MS;
  for (const port of ports) {
    while (!(await answers(address, port))) {
      if (performance.now() > until || child.exitCode !== null) {
        throw new Error(`coturn does not listen:\n${lines.join('')}`);
      }
      await delay(RETRY_MS);
    }
  }
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    const over = (does: boolean): void => {
      socket.destroy();
      resolve(does);
    };
    socket.once('connect', () => over(true)).once('error', () => over(false));
  });
}

/** An authority of its own and a certificate for loopback. */
function certify(folder: string): void {
  const openssl = (...parameters: string[]): void => {
    execFileSync('openssl', parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req', '-x509', ...curve, '-days', '2', '-subj', '/CN=Bellwire test authority',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign',
    '-keyout', 'authority.key', '-out', 'authority.pem',
  );
  openssl(
    'req', '-x509', ...curve, '-days', '2', '-subj', '/CN=localhost',
    '-CA', 'authority.pem', '-CAkey', 'authority.key',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-addext', 'basicConstraints=critical,CA:FALSE',
    '-keyout', 'relay.key', '-out', 'relay.pem',
  );
}

async function freePorts(count: number, address: string): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, address));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
