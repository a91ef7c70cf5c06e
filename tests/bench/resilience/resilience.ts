/**
 * Moves one end of a call to another network and times until sound is back at both, with Bellwire and
 * with PeerJS in one run. BELLWIRE_RELAY_BIN should name a release build. One JSON object a line.
 */
import { setTimeout as delay } from 'node:timers/promises';

import type { Browser } from '@playwright/test';

import { Relay } from '../../e2e/harness/relay.ts';
import { Coturn } from '../../interop/coturn.ts';
import { PeerJs } from '../peerjs.ts';
import { print, type Peer } from '../figures.ts';
import { callBellwire, callPeerJs, launch, type Call, type Hint } from './ends.ts';
import { makeRouter, Network, ROUTER } from './networks.ts';
import { backAfter, isSteady, listen, looks } from './sound.ts';

/** Changes each way. */
const CHANGES = Number(process.env['BELLWIRE_BENCH_CHANGES'] ?? 10);
/** How long a call may be silent before it counts as lost and is placed again, in ms. */
const LOST_MS = 20_000;
/** Sound without a gap for so long, in ms, is taken for sound that is back; and for how long both
 * rest before the next change, so that every change meets a quiet call. */
const STEADY_MS = 3_000;
/** How long the first sound of a call may take, in ms. */
const START_MS = 15_000;
/** A call lives for so long, in s: TURN credentials are good for longer. */
const CREDENTIALS_S = 24 * 3_600;

/** What some changes of network came to. */
interface Outcome {
  /** From the change until both ends heard without gaps, in ms. */
  back: number[];
  /** The same at the end that moved, and at the other. */
  mover: number[];
  other: number[];
  /** Calls that had to be placed again. */
  lost: number;
  /** CPU time of both browsers, in s for a minute of the call. */
  cpu: number;
}

makeRouter();
const [near, far] = [await Network.make(1), await Network.make(2)];
const coturn = await Coturn.start(ROUTER);
const [server] = coturn.servers('udp', CREDENTIALS_S);
const urls = server?.urls[0];
if (!server?.username || !server.credential || urls === undefined) throw new Error('no TURN server');
const relay = await Relay.start({
  BELLWIRE_LISTEN: `${ROUTER}:0`,
  TURN_SERVER: urls,
  TURN_USERNAME: server.username,
  TURN_CREDENTIAL: server.credential,
});
const peerJs = await PeerJs.start(ROUTER);
const origins = [relay.origin, peerJs.origin];
const browsers: [Browser, Browser] = [await launch(near, origins), await launch(far, origins)];
const outcomes: Record<string, Outcome> = {};
try {
  const ice = [{ urls, username: server.username, credential: server.credential }];
  const ours = (hint: Hint) => () => callBellwire(browsers, relay, hint);
  outcomes['with'] = await moveAbout(ours('with'), 'with a hint');
  outcomes['peerjs'] = await moveAbout(() => callPeerJs(browsers, peerJs, ice), 'PeerJS');
  outcomes['without'] = await moveAbout(ours('without'), 'without a hint');
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
  await peerJs.stop();
  await relay.remove();
  await coturn.stop();
  await Promise.all([near.remove(), far.remove()]);
}

async function moveAbout(place: () => Promise<Call>, name: string): Promise<Outcome> {
  const outcome: Outcome = { back: [], mover: [], other: [], lost: 0, cpu: Number.NaN };
  let call = await begin(place);
  let [cpu, minutes] = [0, 0];
  for (let change = 0; change < 2 * CHANGES; change += 1) {
    await Promise.all(call.pages.map(listen));
    await Promise.all(call.pages.map((page) => isSteady(page, STEADY_MS, LOST_MS)));
    const [before, began] = [await cpuSeconds(), performance.now()];
    const moment = performance.timeOrigin + performance.now();
    near.change();
    // What happens at once is over before anybody asks whether all is well.
    await delay(1_000);
    const steady = await Promise.all(call.pages.map((page) => isSteady(page, STEADY_MS, LOST_MS)));
    cpu += (await cpuSeconds()) - before;
    minutes += (performance.now() - began) / 60_000;
    const [mover, other] = await Promise.all(
      call.pages.map(async (page) => backAfter(await looks(page), moment)),
    );
    if (mover === undefined || other === undefined) throw new Error('a call of fewer than two');
    process.stderr.write(
      `${name}, change ${change + 1}: who moved ${Math.round(mover)}, other ${Math.round(other)} ms\n`,
    );
    outcome.mover.push(mover);
    outcome.other.push(other);
    outcome.back.push(Math.max(mover, other));
    if (steady.includes(false)) {
      outcome.lost += 1;
      await call.end();
      call = await begin(place);
    }
  }
  await call.end();
  return { ...outcome, cpu: cpu / minutes };
}

/** A call in which both hear each other. */
async function begin(place: () => Promise<Call>): Promise<Call> {
  const call = await place();
  await Promise.all(call.pages.map(listen));
  const steady = await Promise.all(call.pages.map((page) => isSteady(page, STEADY_MS, START_MS)));
  if (steady.includes(false)) throw new Error('a call without sound');
  return call;
}

async function cpuSeconds(): Promise<number> {
  return (await near.cpuSeconds()) + (await far.cpuSeconds());
}

const peerjs = (of: (outcome: Outcome) => number[]): Peer | null =>
  outcomes['peerjs'] ? { name: 'peerjs', samples: of(outcomes['peerjs']) } : null;
const targets = {
  with: { text: 'p50 <= 1000, p95 <= 1500', met: (p50: number, p95: number) => p50 <= 1_000 && p95 <= 1_500 },
  without: { text: 'p95 <= 5000', met: (_: number, p95: number) => p95 <= 5_000 },
};
for (const hint of ['with', 'without'] as const) {
  const outcome = outcomes[hint];
  if (!outcome) continue;
  const { text, met } = targets[hint];
  const name = `new_address_${hint}_hint`;
  print(`${name}_sound_back_both_sides`, 'ms', outcome.back, peerjs(({ back }) => back), text, met);
  print(`${name}_sound_back_who_moved`, 'ms', outcome.mover, peerjs(({ mover }) => mover), text, met);
  print(`${name}_sound_back_other`, 'ms', outcome.other, peerjs(({ other }) => other), text, met);
  print(`${name}_calls_lost`, 'calls', [outcome.lost], peerjs(({ lost }) => [lost]), '0', (p50) => p50 === 0);
  print(`${name}_cpu`, 's per minute', [outcome.cpu], peerjs(({ cpu }) => [cpu]), 'none', () => true);
}
