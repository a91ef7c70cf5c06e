/**
 * Measures the sound of calls on bad paths, with Bellwire and with PeerJS in one run: which share of it
 * had to be made up where packets are lost. One JSON object a line. BELLWIRE_RELAY_BIN should name a
 * release build, BELLWIRE_MEDIA the folder that tests/media/make-speech.sh wrote to.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Browser } from '@playwright/test';

import { Relay } from '../../e2e/harness/relay.ts';
import { print } from '../figures.ts';
import { PeerJs } from '../peerjs.ts';
import { callBellwire, callPeerJs, launch, type Call } from './ends.ts';
import { makeRouter, Network, ROUTER } from './networks.ts';
import { concealed, isSteady, listen, looks } from './sound.ts';

/** Calls of each. */
const ROUNDS = Number(process.env['BELLWIRE_BENCH_ROUNDS'] ?? 2);
/** How long is listened on each path, in ms: at 5 % some 75 packets are lost in it. */
const LISTEN_MS = 30_000;
/** What happens first on a path does not count, in ms: jitter buffers find their size. */
const SETTLE_MS = 3_000;
/** How long the first sound of a call may take, in ms. */
const START_MS = 15_000;

/** Shares of packets that are lost in each direction, and which share of the sound may be made up. */
const LOSSES = [
  { share: 0.05, most: 0.015 },
  { share: 0.2, most: 0.06 },
] as const;

/** Shares of the sound that were made up, both directions of each call, by what was lost. */
type Outcome = Map<number, number[]>;

const media = process.env['BELLWIRE_MEDIA'];
if (media === undefined) throw new Error('BELLWIRE_MEDIA names no folder');
const speech = join(media, 'speech.wav');

makeRouter();
const [near, far] = [await Network.make(1), await Network.make(2)];
const relay = await Relay.start({ BELLWIRE_LISTEN: `${ROUTER}:0` });
const peerJs = await PeerJs.start(ROUTER);
const origins = [relay.origin, peerJs.origin];
const browsers: [Browser, Browser] = [
  await launch(near, origins, speech),
  await launch(far, origins, speech),
];
const ours: Outcome = new Map();
const theirs: Outcome = new Map();
try {
  for (let round = 1; round <= ROUNDS; round += 1) {
    await measure(`Bellwire, call ${round}`, ours, () => callBellwire(browsers, relay, 'with'));
    await measure(`PeerJS, call ${round}`, theirs, () => callPeerJs(browsers, peerJs, []));
  }
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
  await peerJs.stop();
  await relay.remove();
  await Promise.all([near.remove(), far.remove()]);
}

/** A call on each path. */
async function measure(name: string, outcome: Outcome, place: () => Promise<Call>): Promise<void> {
  const call = await place();
  await Promise.all(call.pages.map(listen));
  const steady = await Promise.all(call.pages.map((page) => isSteady(page, SETTLE_MS, START_MS)));
  if (steady.includes(false)) throw new Error('a call without sound');
  for (const { share } of LOSSES) {
    near.lose(share);
    await delay(SETTLE_MS);
    const since = performance.timeOrigin + performance.now();
    await delay(LISTEN_MS);
    const made = await Promise.all(call.pages.map(async (page) => concealed(await looks(page), since)));
    near.lose(0);
    const percent = made.map((of) => (100 * of).toFixed(2)).join(' and ');
    process.stderr.write(`${name}, ${100 * share} % lost: ${percent} % made up\n`);
    outcome.set(share, [...(outcome.get(share) ?? []), ...made]);
  }
  await call.end();
}

const percents = (shares: readonly number[] | undefined): number[] => (shares ?? []).map((share) => 100 * share);
for (const { share, most } of LOSSES) {
  print(
    `${100 * share}_percent_lost_sound_made_up`,
    '%',
    percents(ours.get(share)),
    { name: 'peerjs', samples: percents(theirs.get(share)) },
    `p95 <= ${100 * most}`,
    (_, p95) => p95 <= 100 * most,
  );
}
