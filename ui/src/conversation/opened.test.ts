import { expect, test } from 'vitest';
import type { ConversationView, Entry, OpenConversation } from '../lib/bindings';
import { Opened } from './opened';

const message = (id: string, delivery: 'waiting' | 'delivered' = 'delivered'): Entry => ({
  type: 'message',
  id,
  from: null,
  text: id,
  at: 1,
  delivery,
});
const open = (id: string, entries: Entry[] = []): OpenConversation => ({
  id,
  entries,
  has_more: false,
  loading: false,
});
const line = (id: string, last: Entry | null = null) => ({ id, last }) as ConversationView;

test('a conversation that another window closed for all goes on with what comes to it', () => {
  const opened = new Opened();
  opened.take({ open: open('grace', [message('one', 'waiting')]), conversations: [] });
  const two = { open: open('alan'), conversations: [line('grace', message('one')), line('alan')] };
  opened.take(two);
  expect(opened.of('grace')?.entries, 'it was delivered').toEqual([message('one')]);
  opened.take({ ...two, conversations: [line('grace', message('two')), line('alan')] });
  expect(opened.of('grace')?.entries).toEqual([message('one'), message('two')]);
  expect(opened.of('alan')).toEqual(open('alan'));
  expect(opened.of('barbara'), 'never open here').toBeNull();
});

test('what the core says of the open one counts', () => {
  const opened = new Opened();
  opened.take({ open: open('grace', [message('one')]), conversations: [] });
  const conversations = [line('grace', message('nine'))];
  opened.take({ open: open('grace', [message('two')]), conversations });
  expect(opened.of('grace')?.entries).toEqual([message('two')]);
});

test('a conversation that is gone is forgotten, and few are remembered', () => {
  const opened = new Opened();
  const conversations = ['a', 'b', 'c', 'd', 'e'].map((id) => line(id));
  for (const { id } of conversations) opened.take({ open: open(id), conversations });
  expect([opened.of('a'), opened.of('e')]).toEqual([null, open('e')]);
  opened.take({ open: null, conversations: [line('d')] });
  expect([opened.of('e'), opened.of('d')]).toEqual([null, open('d')]);
});
