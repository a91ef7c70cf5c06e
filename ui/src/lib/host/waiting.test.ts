import { expect, it } from 'vitest';
import { Waiting } from './waiting';

it('writes a record once, in its newest form', () => {
  const waiting = new Waiting();
  for (let n = 0; n < 1000; n += 1) waiting.put('settings', String(n));
  waiting.put('chat/a/1', 'words');
  waiting.put('chat/a/1', null);
  expect(waiting.take()).toEqual({
    erase: false,
    records: new Map([
      ['settings', '999'],
      ['chat/a/1', null],
    ]),
  });
  expect(waiting.take()).toBeNull();
});

it('writes nothing after erasing that was to be kept before', () => {
  const waiting = new Waiting();
  waiting.put('chat/a/1', 'words');
  waiting.erase();
  waiting.put('sign_in', 'somebody else');
  expect(waiting.take()).toEqual({
    erase: true,
    records: new Map([['sign_in', 'somebody else']]),
  });
});

it('holds a bounded number of messages for a disk that stands still', () => {
  const waiting = new Waiting();
  for (let n = 0; n < 10_000; n += 1) waiting.put(`chat/a/${n}`, 'x');
  waiting.put('sign_in', 'x');
  const work = waiting.take();
  expect(work?.records.size).toBe(1025);
  expect(work?.records.has('sign_in')).toBe(true);
});
