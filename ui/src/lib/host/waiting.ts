/** What is to be written in one go. */
export interface Work {
  /** Everything kept before is to be erased first. */
  erase: boolean;
  /** Records by name; null for one that is not kept any more. */
  records: Map<string, string | null>;
}

/**
 * Most records that wait for a slow disk. Messages of a chat beyond it are kept in memory only;
 * raising it raises what a peer can make wait.
 */
const MOST = 1024;
const CHAT = 'chat/';

/** Records that wait for the disk: each once, in its newest form. */
export class Waiting {
  #work: Work = { erase: false, records: new Map() };

  put(name: string, record: string | null): void {
    const { records } = this.#work;
    if (records.size >= MOST && !records.has(name) && name.startsWith(CHAT)) return;
    records.set(name, record);
  }

  erase(): void {
    this.#work = { erase: true, records: new Map() };
  }

  take(): Work | null {
    const work = this.#work;
    if (!work.erase && work.records.size === 0) return null;
    this.#work = { erase: false, records: new Map() };
    return work;
  }
}
