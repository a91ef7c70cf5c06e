import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeAccount } from '../harness/account.ts';
import { expect, test } from '../harness/test.ts';

type Frame = Record<string, unknown> & { type: string };

/** The committed examples, the same that the Rust tests read. */
function golden(file: string): Record<string, Frame> {
  const path = join(import.meta.dirname, '../../../crates/protocol/golden', file);
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Frame>;
}

test('a client written from the golden examples alone is understood', async ({ relay, street }) => {
  const examples = golden('client.json');
  const account = await makeAccount(relay, 'Ada');
  const { page } = await street.stranger();
  const { hello, ...others } = examples;
  const frames: Frame[] = [
    { ...hello, type: 'hello', token: account.token, resume: undefined },
    ...Object.values(others).map((frame, index) => ({ ...frame, id: 100 + index })),
  ];

  const { protocol, heard } = await page.evaluate(
    (sent) =>
      new Promise<{ protocol: string; heard: Record<string, unknown>[] }>((done, failed) => {
        const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`, 'bellwire.v1');
        const heard: Record<string, unknown>[] = [];
        const answered = (): number => heard.filter((frame) => 're' in frame || frame['type'] === 'pong').length;
        socket.onopen = () => sent.forEach((frame) => socket.send(JSON.stringify(frame)));
        socket.onclose = ({ code }) => failed(new Error(`closed with ${code}`));
        socket.onmessage = ({ data }) => {
          heard.push(JSON.parse(String(data)) as Record<string, unknown>);
          // The hello is answered by `welcome`.
          if (answered() < sent.length - 1) return;
          socket.onclose = null;
          socket.close();
          done({ protocol: socket.protocol, heard });
        };
      }),
    frames,
  );

  expect(protocol).toBe('bellwire.v1');
  expect(heard.map((frame) => frame['seq'])).toEqual(heard.map((_, index) => index + 1));
  const known = Object.values(golden('relay.json'));
  for (const frame of heard) {
    const example = known.find(({ type }) => type === frame['type']);
    expect(example, `a documented type: ${String(frame['type'])}`).toBeDefined();
    const required = Object.keys(example ?? {}).filter((key) => !['re', 'retry_after_ms'].includes(key));
    if (frame['type'] !== 'snapshot') expect(Object.keys(frame)).toEqual(expect.arrayContaining(required));
  }
  // Everything in the examples belongs to others, so all of it is refused as not there.
  const refusals = heard.filter((frame) => frame['type'] === 'error');
  expect(new Set(refusals.map((frame) => frame['code']))).toEqual(new Set(['not_found']));
});

test('a socket that does not say hello first is closed', async ({ street }) => {
  const { page } = await street.stranger();
  const { ping } = golden('client.json');
  const code = await page.evaluate(
    (frame) =>
      new Promise<number>((done) => {
        const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`, 'bellwire.v1');
        socket.onopen = () => socket.send(JSON.stringify(frame));
        socket.onclose = (event) => done(event.code);
      }),
    ping,
  );
  expect(code).toBe(4001);
});
