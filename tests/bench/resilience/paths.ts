/**
 * Measures the sound of calls on bad paths, with Bellwire and with PeerJS in one run: which share of it
 * had to be made up where packets are lost or the path is narrow, and when pictures are back after that.
 * One JSON object a line. BELLWIRE_RELAY_BIN should name a
 * release build, BELLWIRE_MEDIA the folder that tests/media/make-speech.sh wrote to.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Browser, Page } from '@playwright/test';

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

/** Widths of the path in each direction, in kbit/s, and which share of the sound may be made up. */
const WIDTHS = [
  { kbit: 80, most: 0.01 },
  { kbit: 50, most: 0.03 },
] as const;
/** How long it takes to notice that a path became narrow, and to empty its queue, in ms: not counted. */
const NARROWED_MS = 5_000;
/** What happens after pictures came back: they stay for so long, in ms. */
const STAY_MS = 1_000;
/** How soon after better times pictures should be back, in ms, and how long they are waited for. */
const [BACK_MS, WAIT_MS] = [8_000, 30_000];

/** What happened on the paths of the calls, both directions of each. */
interface Outcome {
  /** Shares of the sound that were made up, by what was lost. */
  readonly lost: Map<number, number[]>;
  /** The same by the width of the path. */
  readonly narrow: Map<number, number[]>;
  /** From better times until pictures moved again, in ms, by the width before. */
  readonly back: Map<number, number[]>;
}

const nothing = (): Outcome => ({ lost: new Map(), narrow: new Map(), back: new Map() });

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
const ours = nothing();
const theirs = nothing();
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
    const made = await madeUp(call, SETTLE_MS);
    near.lose(0);
    process.stderr.write(`${name}, ${100 * share} % lost: ${told(made)}\n`);
    note(outcome.lost, share, made);
  }
  for (const { kbit } of WIDTHS) {
    await delay(SETTLE_MS);
    near.limit(kbit);
    const made = await madeUp(call, NARROWED_MS);
    const moment = performance.timeOrigin + performance.now();
    near.limit(null);
    const back = await Promise.all(call.pages.map((page) => picturesBack(page, moment)));
    process.stderr.write(`${name}, ${kbit} kbit/s: ${told(made)}, pictures back after ${back.join(' and ')} ms\n`);
    note(outcome.narrow, kbit, made);
    note(outcome.back, kbit, back);
  }
  await call.end();
}

/** The share of the sound that is made up at each end from `settle` ms on. */
async function madeUp(call: Call, settle: number): Promise<number[]> {
  await delay(settle);
  const since = performance.timeOrigin + performance.now();
  await delay(LISTEN_MS);
  return Promise.all(call.pages.map(async (page) => concealed(await looks(page), since)));
}

/** From a moment until pictures came that went on coming, in ms. */
async function picturesBack(page: Page, moment: number): Promise<number> {
  const waited = page.waitForFunction(
    ([moment, stay, wait]) => {
      const after = window.sound.looks.filter(({ at }) => at >= moment);
      const last = after.at(-1);
      if (!last) return null;
      for (const [index, { at, frames }] of after.entries()) {
        const before = after[index - 1];
        if (!before || frames === before.frames) continue;
        const later = after.find((look) => look.at >= at + stay);
        if (later && later.frames - frames >= 3) return Math.round(at - moment);
      }
      return last.at - moment > wait ? wait : null;
    },
    [moment, STAY_MS, WAIT_MS] as const,
    { timeout: 2 * WAIT_MS, polling: 200 },
  );
  return Number(await (await waited).jsonValue());
}

function note(into: Map<number, number[]>, path: number, figures: readonly number[]): void {
  into.set(path, [...(into.get(path) ?? []), ...figures]);
}

function told(made: readonly number[]): string {
  return `${made.map((of) => (100 * of).toFixed(2)).join(' and ')} % made up`;
}

const percents = (shares: readonly number[] | undefined): number[] => (shares ?? []).map((share) => 100 * share);
for (const { share, most } of LOSSES) {
  print(
    `${100 * share}_percent_lost_sound_made_up`,
    '%',
    percents(ours.lost.get(share)),
    { name: 'peerjs', samples: percents(theirs.lost.get(share)) },
    `p95 <= ${100 * most}`,
    (_, p95) => p95 <= 100 * most,
  );
}
for (const { kbit, most } of WIDTHS) {
  print(
    `${kbit}_kbit_sound_made_up`,
    '%',
    percents(ours.narrow.get(kbit)),
    { name: 'peerjs', samples: percents(theirs.narrow.get(kbit)) },
    `p95 <= ${100 * most}`,
    (_, p95) => p95 <= 100 * most,
  );
  print(
    `${kbit}_kbit_pictures_back`,
    'ms',
    ours.back.get(kbit) ?? [],
    { name: 'peerjs', samples: theirs.back.get(kbit) ?? [] },
    `p95 <= ${BACK_MS}`,
    (_, p95) => p95 <= BACK_MS,
  );
}
