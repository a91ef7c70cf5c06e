import { trace } from '../trace';
import { type Sealed, makeKey, seal, unseal } from './sealing';

/** What the core keeps between its lives. */
export interface Records {
  /** Everything that is kept. */
  load(): Promise<string[]>;
  keep(key: string, record: string): void;
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
  /** Writes happen one after the other: sealing takes unequal times. */
  #writes: Promise<void> = Promise.resolve();

  constructor(database: IDBDatabase, key: CryptoKey) {
    this.#database = database;
    this.#key = key;
  }

  async load(): Promise<string[]> {
    await this.#writes;
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
    this.#write(async () => {
      const sealed = await seal(this.#key, name, record);
      await this.#commit([RECORDS], (of) => of(RECORDS).put(sealed, name));
    });
  }

  /** Renews the key as well: what a disk may still hold of the records cannot be read. */
  erase(): void {
    this.#write(async () => {
      const key = await makeKey();
      await this.#commit([RECORDS, KEYS], (of) => {
        of(RECORDS).clear();
        of(KEYS).put(key, KEY);
      });
      this.#key = key;
    });
  }

  settled(): Promise<void> {
    return this.#writes;
  }

  #write(work: () => Promise<void>): void {
    this.#writes = this.#writes.then(work).catch((error: unknown) => {
      trace('a record was not written', error);
    });
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
