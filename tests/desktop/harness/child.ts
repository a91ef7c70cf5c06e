import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

/** How long a process may take to end when it is asked, in ms; then it is killed. */
const FAREWELL_MS = 5_000;

const living = new Set<Child>();

// Whatever was started ends with the run, however that ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}
process.once('exit', () => {
  for (const child of living) child.signal('SIGKILL');
});

export interface Task {
  /** Where standard output and errors go. */
  log: string;
  env: NodeJS.ProcessEnv;
  /** Standard input is a pipe. */
  speaks?: boolean;
  /** A file descriptor 3 on which the process says something once. */
  tells?: boolean;
}

/** A process of its own process group, which ends as a whole. */
export class Child {
  readonly #child: ChildProcess;

  constructor(
    readonly name: string,
    binary: string,
    parameters: readonly string[],
    { log, env, speaks = false, tells = false }: Task,
  ) {
    const file = openSync(log, 'a');
    const stdio: StdioOptions = [speaks ? 'pipe' : 'ignore', file, file];
    if (tells) stdio.push('pipe');
    this.#child = spawn(binary, parameters, { detached: true, env, stdio });
    living.add(this);
    this.#child.once('exit', () => living.delete(this));
    this.#child.once('error', () => living.delete(this));
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.name} cannot be started: is it installed?`);
    return pid;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The code with which it ended by itself; null while it runs, or if a signal ended it. */
  get code(): number | null {
    return this.#child.exitCode;
  }

  get input(): Writable {
    const { stdin } = this.#child;
    if (!stdin) throw new Error(`${this.name} does not listen`);
    return stdin;
  }

  /** The first line that it says on file descriptor 3. */
  async told(ms: number): Promise<string> {
    const stream = this.#child.stdio[3] as Readable | undefined;
    if (!stream) throw new Error(`${this.name} does not tell`);
    const limit = AbortSignal.timeout(ms);
    let text = '';
    while (!text.includes('\n')) {
      const [chunk] = (await once(stream, 'data', { signal: limit })) as [Buffer];
      text += chunk.toString();
    }
    return text.trim();
  }

  /** Sends a signal to the process and all that it started in its group. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }

  /** Asks it to end, and kills what does not. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.ended && this.#child.pid !== undefined) {
      const exited = once(this.#child, 'exit');
      this.signal(signal);
      const timer = setTimeout(() => this.signal('SIGKILL'), FAREWELL_MS);
      await exited;
      clearTimeout(timer);
    }
    // Who was started by it and did not end with it.
    this.signal('SIGKILL');
    living.delete(this);
  }
}
