import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import WebSocket from 'ws';

import { makeAccount, signInDevice, type Account } from '../e2e/harness/account.ts';
import { Relay } from '../e2e/harness/relay.ts';

const CONNECTIONS = 2_000;
/**
 * Sign-ins of one account; a relay keeps 32. Few accounts, because every one costs a password hash
 * more.
 */
const DEVICES = 25;
/** Time in which buffers of the set-up are given back, in ms. */
const SETTLE_MS = 5_000;

export interface Memory {
  /** Resident memory of a relay without connections, in MiB. */
  rest: number;
  /** What each signed-in connection adds, in KiB. */
  connection: number;
}

/**
 * Signs 2,000 devices in and connects them to a freshly started relay, so that neither the memory
 * of password hashing nor what it left behind is counted.
 */
export async function measureMemory(): Promise<Memory> {
  const relay = await Relay.start();
  const sockets: WebSocket[] = [];
  try {
    const tokens: string[] = [];
    for (let made = 0; made < CONNECTIONS / DEVICES; made += 1) {
      tokens.push(...(await devicesOf(relay, await makeAccount(relay, 'Idle'))));
    }
    await relay.kill();
    await relay.restart();
    const { pid } = relay;
    await pause(SETTLE_MS);
    const before = await resident(pid);
    for (let at = 0; at < tokens.length; at += 100) {
      const some = tokens.slice(at, at + 100);
      sockets.push(...(await Promise.all(some.map((token) => connect(relay.origin, token)))));
    }
    await pause(SETTLE_MS);
    const dead = sockets.filter(({ readyState }) => readyState !== WebSocket.OPEN).length;
    if (dead > 0) throw new Error(`${dead} of ${CONNECTIONS} connections did not stay`);
    const after = await resident(pid);
    return { rest: before / 1024, connection: (after - before) / CONNECTIONS };
  } finally {
    for (const socket of sockets) socket.terminate();
    await relay.remove();
  }
}

async function devicesOf(relay: Relay, account: Account): Promise<string[]> {
  const tokens = [account.token];
  while (tokens.length < DEVICES) {
    tokens.push(
      ...(await Promise.all([signInDevice(relay, account), signInDevice(relay, account)])),
    );
  }
  return tokens.slice(0, DEVICES);
}

/** Connects and waits until the relay has sent what a client needs. */
async function connect(origin: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, 'bellwire.v1', {
    perMessageDeflate: false,
  });
  await once(socket, 'open');
  const ready = new Promise<void>((resolve, reject) => {
    socket.on('message', (frame: Buffer) => {
      const { type } = JSON.parse(frame.toString()) as { type: string };
      if (type === 'snapshot') resolve();
    });
    socket.once('close', (code) => reject(new Error(`the relay closed with ${code}`)));
  });
  const client = { name: 'bellwire-bench', version: '0.1.0', platform: 'node' };
  socket.send(JSON.stringify({ type: 'hello', token, client }));
  await ready;
  return socket;
}

/** Resident memory of a process in KiB. */
async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (!match) throw new Error('no VmRSS');
  return Number(match[1]);
}
