/**
 * A client that was written from docs/protocol.md alone (`stranger/`, in Python) calls Bellwire's
 * own, and is called by it, over the real relay.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { makeAccount, type Account } from '../e2e/harness/account.ts';
import { CommandLine, films, speech } from '../e2e/harness/cli.ts';
import { Relay } from '../e2e/harness/relay.ts';
import { within } from '../e2e/harness/within.ts';
import { cache } from './stage.ts';

const here = import.meta.dirname;
const media = ['--voice', speech, ...films.flatMap((film) => ['--video', film]), '--loopback'];

/** How long the stranger may take for what it does next, in ms. */
const PATIENCE_MS = 40_000;
/** How long the command line talks before it hangs up, in s. */
const TALK_S = 8;
/** Sound at the least, in dB; silence has under -100. */
const AUDIBLE_DB = -60;

/** The stranger's user name. */
const NAME = 'stranger';

type Said = { type: string } & Record<string, unknown>;

/** The stranger, as a process. */
class Stranger {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor(relay: Relay, friend: Account, task: 'call' | 'answer') {
    const python = join(cache, 'aiortc/bin/python');
    this.#child = spawn(python, ['-m', 'stranger', relay.origin, NAME, friend.username, task], {
      cwd: here,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#child;
    if (!stdin || !stdout || !stderr) throw new Error('the stranger has no pipes');
    // A stranger that ended says why on its error output.
    stdin.on('error', () => undefined);
    stderr.on('data', (text: Buffer) => (this.#errors += text.toString()));
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
  }

  /** The next thing that it says, which has to be this. */
  async says(type: string): Promise<Said> {
    const next = await within(PATIENCE_MS, this.#lines.next());
    const said = next.done ? null : (JSON.parse(next.value) as Said);
    if (said?.type !== type) {
      throw new Error(`the stranger did not say ${type}: ${JSON.stringify(said)}\n${this.#errors}`);
    }
    return said;
  }

  /** Goes on. */
  go(): void {
    this.#child.stdin?.write('go\n');
  }

  async exit(): Promise<void> {
    if (this.#child.exitCode === null) await within(PATIENCE_MS, once(this.#child, 'exit'));
    if (this.#child.exitCode !== 0) throw new Error(`the stranger failed:\n${this.#errors}`);
  }

  kill(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }
}

/** It asks for contact, calls, loses its socket in the call, comes back, and hangs up. */
export async function aStrangerCalls(): Promise<void> {
  await meet('call', ['answer', '--auto'], async (stranger, robot, answering) => {
    const cli = answering();
    await cli.until('waits', ({ type }) => type === 'waiting');
    const { user } = await stranger.says('asked');
    await robot.ask(`/contacts/${String(user)}/accept`);
    await stranger.says('ready');
    stranger.go();
    await stranger.says('talked');
    await stranger.says('resumed');
    return cli;
  });
}

/** It is asked for contact, is called, answers, and hears the other side hang up. */
export async function aStrangerIsCalled(): Promise<void> {
  const task = ['call', NAME, '--for', String(TALK_S)];
  await meet('answer', task, async (stranger, robot, calling) => {
    await stranger.says('waiting');
    await robot.ask('/contacts', { username: NAME });
    await stranger.says('ready');
    const cli = calling();
    await stranger.says('talked');
    return cli;
  });
}

interface Robot {
  ask(path: string, body?: unknown): Promise<void>;
}

/** A relay, a stranger and the command line; `talk` brings the two together. */
async function meet(
  does: 'call' | 'answer',
  task: string[],
  talk: (stranger: Stranger, robot: Robot, start: () => CommandLine) => Promise<CommandLine>,
): Promise<void> {
  const relay = await Relay.start();
  let stranger: Stranger | null = null;
  let cli: CommandLine | null = null;
  try {
    const account = await makeAccount(relay, 'Robot');
    stranger = new Stranger(relay, account, does);
    const robot = { ask: (path: string, body?: unknown) => post(relay, account, path, body) };
    const talked = await talk(stranger, robot, () => {
      cli = new CommandLine(relay, account, [...task, ...media]);
      return cli;
    });
    await stranger.says('done');
    await stranger.exit();
    const code = await within(PATIENCE_MS, talked.exit());
    const last = talked.lines.at(-1);
    if (code !== 0 || last?.['reason'] !== 'ended') {
      throw new Error(`the command line ended with ${code}: ${JSON.stringify(last)}`);
    }
    heardAndSaw(talked);
  } finally {
    stranger?.kill();
    (cli as CommandLine | null)?.kill();
    await relay.remove();
  }
}

/** What the stranger sent was pictures and sound to the command line. */
function heardAndSaw(cli: CommandLine): void {
  const figures = cli.lines.filter(({ type }) => type === 'figures');
  const most = (name: string): number =>
    Math.max(...figures.map((line) => Number(line[name] ?? Number.NEGATIVE_INFINITY)));
  if (!(most('framesPerSecond') > 0) || !(most('levelOut') > AUDIBLE_DB)) {
    throw new Error(`the stranger was not seen and heard: ${JSON.stringify(figures)}`);
  }
}

async function post(relay: Relay, who: Account, path: string, body?: unknown): Promise<void> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const reply = await fetch(`${relay.origin}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${who.token}` },
    ...json,
  });
  if (!reply.ok) throw new Error(`POST ${path}: ${reply.status} ${await reply.text()}`);
}
