/**
 * Somebody in a call moves to another network. Bounds are wide: what it takes is measured by
 * `resilience.ts`, here it has to work at all, on a machine that does other things as well.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { Relay } from '../../e2e/harness/relay.ts';
import { callBellwire, launch } from './ends.ts';
import { makeRouter, Network, ROUTER } from './networks.ts';
import { isSteady, listen } from './sound.ts';

/** How long sound may take to begin, and to come back, in ms: up to 2,500 of it pass until Chromium on
 * Linux tells its connections of another network. Higher lets a ladder that climbs to its end pass. */
const BACK_MS = 10_000;
/** Sound without a gap for so long is sound, in ms. */
const STEADY_MS = 1_000;
/** How soon the old path is silent for certain, in ms. */
const SILENT_MS = 1_000;

test('a call and its socket to the relay go on when one end moves to another network', async (t) => {
  makeRouter();
  const [near, far] = [await Network.make(1), await Network.make(2)];
  t.after(() => Promise.all([near.remove(), far.remove()]));
  const relay = await Relay.start({ BELLWIRE_LISTEN: `${ROUTER}:0` });
  t.after(() => relay.remove());
  const browsers = [await launch(near, [relay.origin]), await launch(far, [relay.origin])] as const;
  t.after(() => Promise.all(browsers.map((browser) => browser.close())));
  const call = await callBellwire(browsers, relay, 'with');
  const heard = async (): Promise<boolean[]> =>
    Promise.all(call.pages.map((page) => isSteady(page, STEADY_MS, BACK_MS)));
  await Promise.all(call.pages.map(listen));
  assert.deepEqual(await heard(), [true, true], 'both hear each other');

  const welcomed = new Promise<void>((done) => {
    call.pages[0].on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        if (payload.toString().includes('"type":"welcome"')) done();
      });
    });
  });
  near.change();
  await delay(SILENT_MS);
  assert.deepEqual(await heard(), [true, true], 'both hear each other again');
  const replaced = await Promise.race([welcomed.then(() => true), delay(BACK_MS, false)]);
  assert.ok(replaced, 'another socket took the place of the one whose address is gone');
});
