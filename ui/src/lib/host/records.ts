import { trace } from '../trace';
import { type Sealed, makeKey, seal, unseal } from './sealing';
import { Waiting } from './waiting';

/** What the core keeps between its lives. */
export interface Records {
  /** Everything that is kept. */
  load(): Promise<string[]>;
  keep(key: string, record: string): void;
  forget(key: string): void;
  erase(): void;
  /** Resolves when everything asked for so far is on the disk. */
  settled(): Promise<void>;
}

const DATABASE = 'bellwire';
const KEYS = 'keys';
const RECORDS = 'records';
const KEY = 'records';

/**
 * Records in IndexedDB, each sealed. Where the browser has no IndexedDB or no WebCrypto (a page
 * that is not served securely), records last as long as the window: a token is never kept openly.
 */
export async function openRecords(): Promise<Records> {
  try {
    if (!globalThis.crypto?.subtle) return memoryRecords();
    const database = await openDatabase();
    return new IndexedRecords(database, await keyOf(database));
  } catch (error) {
    trace('records are not kept', error);
    return memoryRecords();
  }
}

class IndexedRecords implements Records {
  readonly #database: IDBDatabase;
  #key: CryptoKey;
  readonly #waiting = new Waiting();
  /** Ends when nothing waits any more. */
  #writing: Promise<void> | null = null;

  constructor(database: IDBDatabase, key: CryptoKey) {
    this.#database = database;
    this.#key = key;
  }

  async load(): Promise<string[]> {
    await this.settled();
    const store = this.#database.transaction(RECORDS).objectStore(RECORDS);
    const [names, sealed] = await Promise.all([
      done(store.getAllKeys()),
      done(store.getAll() as IDBRequest<Sealed[]>),
    ]);
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
