/**
 * People's networks as Linux network namespaces: each person has two interfaces, of which one is up,
 * and a router in between, which is the namespace that this process runs in (`scripts/namespaced.sh`).
 * What runs here, a relay or a TURN server, is reached at `ROUTER` from everywhere.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { executablePath } from '../../e2e/harness/chromium-flags.ts';

/** The address at which everybody reaches what runs beside the router. */
export const ROUTER = '10.77.0.1';

/** Clock ticks in a second, which Linux counts CPU time in. */
const TICKS = 100;
/** How long a packet may wait where the rate is limited, in ms: what a home router holds. */
const QUEUE_MS = 300;

export type Interface = 'wifi' | 'mobile';

/** A link of a person to the router. */
interface Link {
  /** Its name at the person. */
  near: Interface;
  /** Its name at the router. */
  far: string;
  address: string;
  gateway: string;
}

/** Makes the router of this namespace. */
export function makeRouter(): void {
  run('ip', ['link', 'set', 'lo', 'up']);
  run('ip', ['address', 'add', `${ROUTER}/32`, 'dev', 'lo']);
  run('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
}

/** Somebody's network, behind the router. */
export class Network {
  #up: Interface = 'wifi';
  #folder: string | null = null;
  /** Chains for packets to lose are made. */
  #loses = false;

  private constructor(
    private readonly holder: ChildProcess,
    private readonly pid: number,
    private readonly links: Record<Interface, Link>,
  ) {}

  /** `number` tells it from the others: 1 and up. */
  static async make(number: number): Promise<Network> {
    // It lives until its standard input ends: also when this process is killed.
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const { pid } = holder;
    if (pid === undefined) throw new Error('no namespace');
    const link = (near: Interface, net: number): Link => ({
      near,
      far: `${near}${number}`,
      address: `10.77.${net}.2`,
      gateway: `10.77.${net}.1`,
    });
    const links = { wifi: link('wifi', 2 * number), mobile: link('mobile', 2 * number + 1) };
    const network = new Network(holder, pid, links);
    network.#run('sh', ['-c', 'for it in all default; do echo 1 > /proc/sys/net/ipv6/conf/$it/disable_ipv6; done']);
    network.#run('ip', ['link', 'set', 'lo', 'up']);
    for (const { near, far, address, gateway } of Object.values(links)) {
      run('ip', ['link', 'add', far, 'type', 'veth', 'peer', 'name', near, 'netns', String(pid)]);
      run('ip', ['address', 'add', `${gateway}/24`, 'dev', far]);
      run('ip', ['link', 'set', far, 'up']);
      network.#run('ip', ['address', 'add', `${address}/24`, 'dev', near]);
    }
    const { gateway } = links.wifi;
    network.#batch(['link set wifi up', `route replace default via ${gateway}`]);
    return network;
  }

  /** The interface that is in use goes down and the other comes up, with the default route, at once. */
  change(): void {
    const [from, to] = this.#up === 'wifi' ? (['wifi', 'mobile'] as const) : (['mobile', 'wifi'] as const);
    this.#up = to;
    const { gateway } = this.links[to];
    this.#batch([`link set ${from} down`, `link set ${to} up`, `route replace default via ${gateway}`]);
  }

  /** Limits both directions of both links to so many kbit/s each; `null` is without a limit. */
  limit(kbit: number | null): void {
    for (const { near, far } of Object.values(this.links)) {
      const shape = (device: string): string[] =>
        kbit === null
          ? ['qdisc', 'delete', 'dev', device, 'root']
          : ['qdisc', 'replace', 'dev', device, 'root', 'tbf', 'rate', `${kbit}kbit`, 'burst', '3000',
             'latency', `${QUEUE_MS}ms`];
      run('tc', shape(far));
      this.#run('tc', shape(near));
    }
  }

  /** Loses this share of the UDP packets at random in each direction; 0 is none. No sender notices. */
  lose(share: number): void {
    const dropped = ['-p', 'udp', '-m', 'statistic', '--mode', 'random', '--probability', String(share), '-j', 'DROP'];
    this.#run('iptables', ['-F', 'INPUT']);
    if (share > 0) this.#run('iptables', ['-A', 'INPUT', ...dropped]);
    for (const { far } of Object.values(this.links)) {
      const chain = `lose-${far}`;
      if (!this.#loses) {
        run('iptables', ['-t', 'mangle', '-N', chain]);
        run('iptables', ['-t', 'mangle', '-A', 'PREROUTING', '-i', far, '-j', chain]);
      }
      run('iptables', ['-t', 'mangle', '-F', chain]);
      if (share > 0) run('iptables', ['-t', 'mangle', '-A', chain, ...dropped]);
    }
    this.#loses = true;
  }

  /** A program that is Chromium in this network, for a browser's `executablePath`. */
  async chromium(): Promise<string> {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'bellwire-network-'));
    const path = join(this.#folder, 'chromium');
    const inside = `exec nsenter --net=/proc/${this.pid}/ns/net -- '${executablePath}' "$@"`;
    await writeFile(path, `#!/bin/sh\n${inside}\n`, { mode: 0o755 });
    return path;
  }

  /** CPU time that everything in this network took so far and is still running, in s. */
  async cpuSeconds(): Promise<number> {
    const ours = await readlink(`/proc/${this.pid}/ns/net`);
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const all = await Promise.all(
      pids.map(async (pid) => {
        try {
          if ((await readlink(`/proc/${pid}/ns/net`)) !== ours) return 0;
          const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
          const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
          return (Number(fields[11]) + Number(fields[12])) / TICKS;
        } catch {
          // It ended meanwhile.
          return 0;
        }
      }),
    );
    return all.reduce((sum, seconds) => sum + seconds, 0);
  }

  async remove(): Promise<void> {
    const exited = once(this.holder, 'exit');
    this.holder.stdin?.end();
    await exited;
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }

  #run(command: string, parameters: string[], input?: string): void {
    run('nsenter', [`--net=/proc/${this.pid}/ns/net`, '--', command, ...parameters], input);
  }

  /** All in one process, so that nobody sees what is between. */
  #batch(commands: string[]): void {
    this.#run('ip', ['-batch', '-'], `${commands.join('\n')}\n`);
  }
}

function run(command: string, parameters: string[], input = ''): void {
  execFileSync(command, parameters, { input, stdio: ['pipe', 'ignore', 'inherit'] });
}
