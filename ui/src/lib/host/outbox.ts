import type { Command } from '../bindings';

/** A command and its place among those of its window. */
export interface Numbered {
  number: number;
  command: Command;
}

/** Commands of a window that no core took yet. */
export class Outbox {
  #waiting: Numbered[] = [];
  #given = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  all(): Numbered[] {
    return [...this.#waiting];
  }

  put(command: Command): void {
    const same = this.#waiting.find((one) => isSameCall(one.command, command));
    if (same) same.command = command;
    else this.#waiting.push({ number: ++this.#given, command });
  }

  /** The first ones, up to one that has to wait. */
  takeWhile(ready: (command: Command) => boolean): Command[] {
    const first = this.#waiting.findIndex(({ command }) => !ready(command));
    const taken = this.#waiting.splice(0, first === -1 ? this.#waiting.length : first);
    return taken.map(({ command }) => command);
  }

  /** A core took those up to this number. */
  dropTo(number: number): void {
    this.#waiting = this.#waiting.filter((one) => one.number > number);
  }
}

/** Whether the same call is asked for twice, as by a second click. */
function isSameCall(one: Command, other: Command): boolean {
  if (one.type === 'place_call' && other.type === 'place_call') {
    return one.conversation === other.conversation;
  }
  return one.type === 'accept_call' && other.type === 'accept_call' && one.call === other.call;
}
