import { trace } from '../trace';
import { within } from './timeout';
import { type Sealed, makeKey, seal, unseal } from './sealing';
import { Waiting } from './waiting';

/** What the core keeps between its lives. */
export interface Records {
  /** Everything that is kept. */
  load(): Promise<string[]>;
  keep(key: string, record: string): void;
  forget(key: string): void;
  erase(): void;
  /** Resolves when everything asked for so far is on the disk, or nothing answers there. */
  settled(): Promise<void>;
}

/**
 * Why nothing outlives this window. `insecure`: the page was not served securely; `blocked`: the
 * browser keeps nothing for it, or its storage fails or never answers.
 */
export type Unkept = 'insecure' | 'blocked';

const DATABASE = 'bellwire';
const KEYS = 'keys';
const RECORDS = 'records';
const KEY = 'records';
/**
 * How long a storage may take to answer, in ms: a disk that wakes needs 1 to 2 s. Lower forgets
 * sign-ins of slow machines; higher shows nothing for longer where none will ever answer.
 */
const ANSWER_MS = 2_500;

/**
 * Records in IndexedDB, each sealed. Where the browser has no IndexedDB or no WebCrypto (a page
 * that is not served securely), or they fail, records last as long as the window, and `unkept` hears
 * of it: a token is never kept openly.
 */
export async function openRecords(unkept: (why: Unkept) => void): Promise<Records> {
  if (!globalThis.crypto?.subtle) {
    unkept('insecure');
    return memoryRecords();
  }
  const opening = async (): Promise<IndexedRecords> => {
    const database = await openDatabase();
    const key = await keyOf(database);
    const records = new IndexedRecords(database, key, () => unkept('blocked'));
    // One that opens and then reads nothing is found out now, while a person waits only once.
    await records.read();
    return records;
  };
  try {
    const records = await within(ANSWER_MS, opening(), (late) => late.close());
    return new FailingRecords(records);
  } catch (error) {
    trace('records are not kept', error);
    unkept('blocked');
    return memoryRecords();
  }
}

/** Records on a disk that may stop answering at any time. */
class FailingRecords implements Records {
  #records: Records;
  readonly #disk: IndexedRecords;

  constructor(disk: IndexedRecords) {
    this.#records = this.#disk = disk;
  }

  async load(): Promise<string[]> {
    const records = this.#records;
    try {
      return await within(ANSWER_MS, records.load());
    } catch (error) {
      trace('records were not read', error);
      // Nothing that this window says may stand beside what could not be read.
      this.#disk.giveUp();
      this.#records = memoryRecords();
      return [];
    }
  }

  keep(key: string, record: string): void {
    this.#records.keep(key, record);
  }

  forget(key: string): void {
    this.#records.forget(key);
  }

  erase(): void {
    this.#records.erase();
  }

  async settled(): Promise<void> {
    try {
      await within(ANSWER_MS, this.#records.settled());
    } catch (error) {
      trace('records were not written in time', error);
      this.#disk.giveUp();
    }
  }
}

class IndexedRecords implements Records {
  readonly #database: IDBDatabase;
  #key: CryptoKey;
  readonly #waiting = new Waiting();
  /** Ends when nothing waits any more. */
  #writing: Promise<void> | null = null;
  readonly #failed: () => void;

  constructor(database: IDBDatabase, key: CryptoKey, failed: () => void) {
    this.#database = database;
    this.#key = key;
    this.#failed = failed;
  }

  close(): void {
    this.#database.close();
  }

  /** The disk does not answer. */
  giveUp(): void {
    this.#failed();
    this.close();
  }

  /** The names of the records, and the records as they lie on the disk. */
  read(): Promise<[IDBValidKey[], Sealed[]]> {
    const store = this.#database.transaction(RECORDS).objectStore(RECORDS);
    return Promise.all([done(store.getAllKeys()), done(store.getAll() as IDBRequest<Sealed[]>)]);
  }

  async load(): Promise<string[]> {
    await this.settled();
    const [names, sealed] = await this.read();
    const records: string[] = [];
    for (const [index, one] of sealed.entries()) {
      try {
        records.push(await unseal(this.#key, String(names[index]), one));
      } catch {
        // Altered, or from before the key was renewed.
        trace('a record cannot be read');
      }
    }
    return records;
  }

  keep(name: string, record: string): void {
    this.#waiting.put(name, record);
    this.#write();
  }

  forget(name: string): void {
    this.#waiting.put(name, null);
    this.#write();
  }

  erase(): void {
    this.#waiting.erase();
    this.#write();
  }

  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Everything that waits goes into one transaction, while the next things gather. */
  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = null));
  }

  async #writeAll(): Promise<void> {
    for (let work = this.#waiting.take(); work; work = this.#waiting.take()) {
      try {
        if (work.erase) await this.#erase();
        await this.#put(work.records);
      } catch (error) {
        trace('records were not written', error);
        this.#failed();
      }
    }
  }

  async #put(records: Map<string, string | null>): Promise<void> {
    const sealed: [string, Sealed | null][] = [];
    for (const [name, record] of records) {
      sealed.push([name, record === null ? null : await seal(this.#key, name, record)]);
    }
    if (sealed.length === 0) return;
    await this.#commit([RECORDS], (of) => {
      for (const [name, one] of sealed) {
        if (one) of(RECORDS).put(one, name);
        else of(RECORDS).delete(name);
      }
    });
  }

  /** Renews the key as well: what a disk may still hold of the records cannot be read. */
  async #erase(): Promise<void> {
    const key = await makeKey();
    await this.#commit([RECORDS, KEYS], (of) => {
      of(RECORDS).clear();
      of(KEYS).put(key, KEY);
    });
    this.#key = key;
  }

  #commit(stores: string[], work: (of: (name: string) => IDBObjectStore) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(stores, 'readwrite');
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
      work((name) => transaction.objectStore(name));
    });
  }
}

/** Records of this window only. */
export function memoryRecords(): Records {
  const records = new Map<string, string>();
  return {
    load: () => Promise.resolve([...records.values()]),
    keep: (key, record) => void records.set(key, record),
    forget: (key) => void records.delete(key),
    erase: () => records.clear(),
    settled: () => Promise.resolve(),
  };
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(KEYS);
    request.result.createObjectStore(RECORDS);
  };
  return done(request);
}

/** The key of this profile; the first window makes it. */
async function keyOf(database: IDBDatabase): Promise<CryptoKey> {
  const kept = await done(
    database.transaction(KEYS).objectStore(KEYS).get(KEY) as IDBRequest<CryptoKey | undefined>,
  );
  if (kept) return kept;
  const made = await makeKey();
  // Another window may have been faster: `add` fails then, and its key counts.
  return new Promise((resolve, reject) => {
    const store = database.transaction(KEYS, 'readwrite').objectStore(KEYS);
    const adding = store.add(made, KEY);
    adding.onsuccess = () => resolve(made);
    adding.onerror = (event) => {
      event.preventDefault();
      event.stopPropagation();
      done(store.get(KEY) as IDBRequest<CryptoKey>).then(resolve, reject);
    };
  });
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no result'));
  });
}
