import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import type { Account } from './account.ts';
import type { Relay } from './relay.ts';

const target = join(import.meta.dirname, '../../../target');
const binary = resolve(process.env['BELLWIRE_CLI_BIN'] ?? join(target, 'debug/bellwire-cli'));
/** What the scripts in tests/media make. */
const media = resolve(process.env['BELLWIRE_MEDIA'] ?? join(target, 'media'));

/** What the command line speaks and shows. */
export const speech = join(media, 'speech.wav');
export const films = ['200k', '500k', '1200k'].map((rate) => join(media, `film-640x480-${rate}.ivf`));

/** One of its lines; `at` is ms since 1970. */
export type Line = { type: string; at: number } & Record<string, unknown>;

/** The client without a window, as a process signed in as somebody for its run. */
export class CommandLine {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #errors = '';

  constructor(relay: Relay, account: Account, task: string[]) {
    for (const file of [binary, speech, ...films]) {
      if (!existsSync(file)) throw new Error(`${file} is missing: scripts/test.sh makes it`);
    }
    this.#child = spawn(binary, ['--json', '--user', account.username, ...task], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BELLWIRE_RELAY: relay.origin,
        BELLWIRE_PASSWORD: account.password,
      },
    });
    const { stdout, stderr } = this.#child;
    if (stdout) {
      createInterface(stdout).on('line', (line) => {
        this.lines.push(JSON.parse(line) as Line);
        for (const wake of this.#waiting) wake();
      });
    }
    stderr?.on('data', (text: Buffer) => (this.#errors += text.toString()));
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the command line does not run');
    return pid;
  }

  /** The first line that is so, also among those that came. */
  async until(what: string, is: (line: Line) => boolean, ms = 20_000): Promise<Line> {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = this.lines.find(is);
      if (found) return found;
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        const said = JSON.stringify(this.lines.slice(-20));
        throw new Error(`never ${what} (exit ${this.#child.exitCode}): ${said} ${this.#errors}`);
      }
      await new Promise<void>((wake) => {
        const timer = setTimeout(wake, 200);
        this.#waiting.add(() => {
          clearTimeout(timer);
          wake();
        });
      });
      this.#waiting.clear();
    }
  }

  /** The code it ends with by itself. */
  async exit(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  /** What was measured last. */
  get figures(): Line | undefined {
    return this.lines.findLast(({ type }) => type === 'figures');
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  kill(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }
}
