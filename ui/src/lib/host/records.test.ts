import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Unkept, openRecords } from './records';

let unkept: Unkept[];

beforeEach(() => {
  vi.useFakeTimers();
  unkept = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Opens records, and waits the longest that a person may see nothing. */
async function opened() {
  const opening = openRecords((why) => unkept.push(why));
  await vi.advanceTimersByTimeAsync(3_000);
  return await opening;
}

async function expectMemory(): Promise<void> {
  const records = await opened();
  records.keep('sign_in', 'one');
  records.keep('call', 'two');
  records.forget('call');
  expect(await records.load()).toEqual(['one']);
  await records.settled();
  records.erase();
  expect(await records.load()).toEqual([]);
}

test('without WebCrypto records live in this window, because the page is insecure', async () => {
  vi.stubGlobal('crypto', {});
  await expectMemory();
  expect(unkept).toEqual(['insecure']);
});

test('a storage that throws leaves records in this window', async () => {
  vi.stubGlobal('indexedDB', {
    open: () => {
      throw new DOMException('denied', 'SecurityError');
    },
  });
  await expectMemory();
  expect(unkept).toEqual(['blocked']);
});

test('a storage that never answers leaves records in this window within 3 s', async () => {
  vi.stubGlobal('indexedDB', { open: () => ({}) });
  await expectMemory();
  expect(unkept).toEqual(['blocked']);
});

test('a storage that answers too late is closed, and nothing is written there', async () => {
  const disk = database(() => answered([]));
  const request = { result: disk, onsuccess: (): void => undefined };
  vi.stubGlobal('indexedDB', { open: () => request });
  await expectMemory();
  request.onsuccess();
  await vi.advanceTimersByTimeAsync(0);
  expect(disk.close).toHaveBeenCalledOnce();
});

/** A database whose records read as the test says. It takes everything, and finishes no writing. */
function database(reads: () => object) {
  const keys = { get: () => answered({}) };
  const records = { getAllKeys: reads, getAll: reads, put: () => ({}), delete: () => ({}) };
  const result = {
    close: vi.fn(),
    transaction: () => ({
      objectStore: (name: string) => (name === 'keys' ? keys : records),
    }),
  };
  vi.stubGlobal('indexedDB', { open: () => answered(result) });
  return result;
}

function answered(result: unknown): object {
  const request = { result, onsuccess: (): void => undefined };
  queueMicrotask(() => request.onsuccess());
  return request;
}

test('a storage that opens and then reads nothing leaves records in this window', async () => {
  database(() => ({}));
  await expectMemory();
  expect(unkept).toEqual(['blocked']);
});

test('a storage that reads nothing any more is given up, and said so', async () => {
  let answers = true;
  const disk = database(() => (answers ? answered([]) : {}));
  const records = await opened();
  expect(unkept).toEqual([]);
  answers = false;
  const loading = records.load();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await loading).toEqual([]);
  expect([unkept, disk.close.mock.calls.length]).toEqual([['blocked'], 1]);
  records.keep('sign_in', 'one');
  expect(await records.load(), 'this window goes on').toEqual(['one']);
});

test('a storage that never finishes writing holds up no window that takes over', async () => {
  database(() => answered([]));
  const records = await opened();
  records.forget('call');
  const settled = records.settled();
  await vi.advanceTimersByTimeAsync(3_000);
  await settled;
  expect(unkept).toEqual(['blocked']);
});
