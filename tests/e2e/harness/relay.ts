import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const binary = resolve(
  process.env['BELLWIRE_RELAY_BIN'] ??
    join(import.meta.dirname, '../../../target/debug/bellwire-relay'),
);

/** How long a relay may take to say where it listens, in ms. A cold debug build needs under 1 s. */
const START_MS = 15_000;

/** The real relay, as a process with a data folder of its own. */
export class Relay {
  private constructor(
    private child: ChildProcess,
    private readonly folder: string,
    private readonly environment: Record<string, string>,
    /** `http://127.0.0.1:port`, the same across restarts. */
    readonly origin: string,
    private setup: string | null,
  ) {}

  /** Starts a relay on a free port with an empty data folder. */
  static async start(environment: Record<string, string> = {}): Promise<Relay> {
    if (!existsSync(binary)) {
      throw new Error(
        `no relay at ${binary}: run "cargo build -p bellwire-relay" or set BELLWIRE_RELAY_BIN`,
      );
    }
    const folder = await mkdtemp(join(tmpdir(), 'bellwire-e2e-'));
    try {
      const { child, origin, setup } = await launch('127.0.0.1:0', folder, environment);
      return new Relay(child, folder, environment, origin, setup);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The process as it runs since the last start. */
  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error('the relay does not run');
    return pid;
  }

  /** The code that the first account needs where others could be faster, once; then `null`. */
  takeSetupCode(): string | null {
    const code = this.setup;
    this.setup = null;
    return code;
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL');
  }

  /** Starts it again where it was, with what it kept. */
  async restart(): Promise<void> {
    const { child } = await launch(new URL(this.origin).host, this.folder, this.environment);
    this.child = child;
  }

  /** Ends the process and removes its data. */
  async remove(): Promise<void> {
    await end(this.child, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** The relay logs the address as one JSON object once it listens. */
async function launch(
  listen: string,
  folder: string,
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; origin: string; setup: string | null }> {
  const child = spawn(binary, ['serve'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      // Names that are ours and no settings stop it: those of the tests themselves.
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^BELLWIRE_(?!LOG$)/.test(name))),
      BELLWIRE_LISTEN: listen,
      BELLWIRE_OPS_LISTEN: '127.0.0.1:0',
      BELLWIRE_DATA_DIR: folder,
      BELLWIRE_REGISTRATION: 'open',
      ...environment,
    },
  });
  let printed = '';
  const origin = new Promise<string>((found, failed) => {
    const read = (chunk: Buffer): void => {
      if (printed.length > 64_000) return;
      printed += chunk.toString();
      const match = /"listening","address":"([^"]+)"/.exec(printed);
      if (match) found(`http://${match[1] ?? ''}`);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`the relay ended with ${code}:\n${printed}`)));
    AbortSignal.timeout(START_MS).onabort = () =>
      failed(new Error(`the relay did not say where it listens:\n${printed}`));
  });
  try {
    const found = await origin;
    return { child, origin: found, setup: /as the invitation: (\S+)/.exec(printed)?.[1] ?? null };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
