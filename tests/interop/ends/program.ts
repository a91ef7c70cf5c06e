import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { End, type PeerCommand } from './end.ts';

/** How long a program may take to end after `close` and the end of its input, in ms. */
const END_MS = 3_000;

/** An end that is a program: commands on its input, reports on its output, a JSON object a line. */
export class ProgramEnd extends End {
  readonly #child: ChildProcess;

  constructor(
    name: string,
    command: string,
    parameters: string[],
    environment: NodeJS.ProcessEnv,
  ) {
    super(name);
    this.#child = spawn(command, parameters, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const { stdin, stdout, stderr } = this.#child;
    if (stdout) createInterface(stdout).on('line', (line) => this.hear(line));
    if (stderr) {
      createInterface(stderr).on('line', (text) =>
        this.hear(JSON.stringify({ type: 'note', text })),
      );
    }
    // A program that ended is reported below; writing to it is no second failure.
    stdin?.on('error', () => undefined);
    this.#child.once('error', (error) => this.end(`did not start: ${error.message}`));
    this.#child.once('exit', (code, signal) => this.end(`ended with ${code ?? signal}`));
  }

  protected override deliver(command: PeerCommand): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  override async stop(): Promise<void> {
    const { exitCode, signalCode, pid, stdin } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const exited = once(this.#child, 'exit');
    stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(timer);
  }
}
