/**
 * Times calls of Bellwire and of PeerJS in turns, in one browser, at the machine's speed and on a
 * slower one, counts what they take of the processor, and prints one JSON object a line.
 * BELLWIRE_RELAY_BIN should name a release build.
 */
import type { Page } from '@playwright/test';

import { chromium, withDevices } from '../e2e/harness/chromium.ts';
import { Relay } from '../e2e/harness/relay.ts';
import { hangUp, openPair, timeControl } from './bellwire.ts';
import { timeCall, warmContext, type End, type Timing } from './calls.ts';
import { MainThread, Processor } from './effort.ts';
import { print, type Peer } from './figures.ts';
import { timeLoad, type Line, type Load } from './first-load.ts';
import { measureMemory } from './idle-memory.ts';
import { watchMinute, type Minute } from './minute.ts';
import { PeerJs } from './peerjs.ts';

const CALLS = Number(process.env['BELLWIRE_BENCH_CALLS'] ?? 30);
/** Calls on a slow machine: Chromium runs the pages' main threads so many times slower. */
const SLOWER = 4;
const SLOW_CALLS = Math.ceil(CALLS / 2.5);
/** The relay lets one person ring another three times in five minutes: three each way. */
const CALLS_OF_A_PAIR = 6;
const LOADS = 10;

/** What was measured at one speed of the machine. */
interface Block {
  readonly ours: Timing[];
  readonly theirs: Timing[];
  readonly mute: number[];
  readonly cameraOff: number[];
  readonly minute: { readonly ours: Minute[]; readonly theirs: Minute[] };
}

/** First loads on a slow line. */
const SLOW_LOADS = 3;
const SLOW_LINE: Line = { rate: 400_000, latency: 150 };

const loads: Load[] = [];
const slowLoads: Load[] = [];
const relay = await Relay.start();
const peerJs = await PeerJs.start();
const browser = await chromium.launch(withDevices);
let blocks: readonly [usual: Block, slow: Block];
try {
  for (let load = 0; load < LOADS; load += 1) loads.push(await timeLoad(browser, relay.origin));
  for (let load = 0; load < SLOW_LOADS; load += 1) {
    slowLoads.push(await timeLoad(browser, relay.origin, SLOW_LINE));
  }
  blocks = [await measure(CALLS, 1), await measure(SLOW_CALLS, SLOWER)];
} finally {
  await browser.close();
  await peerJs.stop();
  await relay.remove();
}

async function measure(calls: number, slower: number): Promise<Block> {
  const processor = await Processor.of(browser);
  const block: Block = { ours: [], theirs: [], mute: [], cameraOff: [], minute: { ours: [], theirs: [] } };
  const endOf = async (page: Page): Promise<End> => ({ page, thread: await MainThread.of(page, slower) });

  for (let pairs = 0; block.ours.length < calls; pairs += 1) {
    const pair = await openPair(browser, relay);
    const contexts = [await warmContext(browser), await warmContext(browser)] as const;
    const [one, other] = [`one${slower}${pairs}`, `other${slower}${pairs}`];
    const peers = [
      await endOf(await peerJs.open(contexts[0], one, other)),
      await endOf(await peerJs.open(contexts[1], other, one)),
    ] as const;
    const people = [await endOf(pair.pages[0]), await endOf(pair.pages[1])] as const;

    for (let call = 0; call < CALLS_OF_A_PAIR && block.ours.length < calls; call += 1) {
      const [caller, callee] = call % 2 === 0 ? [0, 1] as const : [1, 0] as const;
      block.ours.push(await timeCall(people[caller], people[callee], processor));
      if (call === 0) block.minute.ours.push(await watchMinute(pair.pages, processor));
      block.mute.push(await timeControl(pair.pages[0], 'Mute', pair.pages[1], pair.names[0]));
      block.cameraOff.push(await timeControl(pair.pages[1], 'Camera', pair.pages[0], pair.names[1]));
      await hangUp(pair.pages);

      block.theirs.push(await timeCall(peers[caller], peers[callee], processor));
      if (call === 0) block.minute.theirs.push(await watchMinute(peers.map(({ page }) => page), processor));
      for (const { page } of peers) await page.getByRole('button', { name: 'Hang up' }).click();
    }
    await pair.close();
    await Promise.all(contexts.map((context) => context.close()));
  }
  return block;
}

const atMost = (limit: number) => (_: number, p95: number) => p95 <= limit;
const ratio = (limit: number) => (_: number, __: number, ratio: number | null) => (ratio ?? 9) <= limit;

/** Prints a block; what was measured on a slow machine says so in its name. */
function report({ ours, theirs, mute, cameraOff, minute }: Block, suffix: string): void {
  const peer = (samples: readonly number[]): Peer => ({ name: 'peerjs', samples });
  const compare = (metric: string, unit: string, limit: number, of: (timing: Timing) => number): void =>
    print(metric + suffix, unit, ours.map(of), peer(theirs.map(of)), `ratio_p50 <= ${limit}`, ratio(limit));
  const both = ({ callee, caller }: Timing): number => Math.max(callee, caller);
  compare('answer_to_first_frame_both_sides', 'ms', 0.9, both);
  compare('answer_to_first_frame_callee', 'ms', 0.9, ({ callee }) => callee);
  compare('answer_to_first_frame_caller', 'ms', 0.9, ({ caller }) => caller);
  compare('script_after_accept', 'ms of CPU', 2, ({ script }) => script);
  compare('call_set_up', 'CPU seconds', 1.1, ({ processor }) => processor);
  const compareMinutes = (
    metric: string,
    unit: string,
    target: string,
    limit: number,
    of: (minute: Minute) => number,
  ): void =>
    print(metric + suffix, unit, minute.ours.map(of), peer(minute.theirs.map(of)), target, ratio(limit));
  compareMinutes('minute_of_call', 'CPU seconds', 'ratio_p50 <= 1.1', 1.1, ({ processor }) => processor);
  // Of what that minute was: a larger picture at a higher rate takes more.
  compareMinutes('minute_of_call_picture', 'px wide', 'none', Infinity, ({ width }) => width);
  compareMinutes('minute_of_call_received', 'kbit/s', 'none', Infinity, ({ rate }) => rate);
  const ring = ({ ring }: Timing): number => ring;
  const shown = `call_to_incoming_shown${suffix}`;
  print(shown, 'ms', ours.map(ring), peer(theirs.map(ring)), 'p95 <= 100', atMost(100));
  print(`mute_to_shown${suffix}`, 'ms', mute, null, 'p95 <= 100', atMost(100));
  print(`camera_off_to_shown${suffix}`, 'ms', cameraOff, null, 'p95 <= 100', atMost(100));
}

report(blocks[0], '');
report(blocks[1], `_main_thread_${SLOWER}x_slower`);
const loaded = loads.map(({ interactive }) => interactive);
print('first_load_interactive', 'ms', loaded, null, 'p95 <= 1000', atMost(1_000));
const slowly = (figure: (load: Load) => number): number[] => slowLoads.map(figure);
print('first_paint_at_400_kbit', 'ms', slowly(({ paint }) => paint), null, 'p95 <= 1000', atMost(1_000));
print('first_form_at_400_kbit', 'ms', slowly(({ interactive }) => interactive), null, 'p95 <= 4000', atMost(4_000));
print('first_load_code', 'KiB', loads.map(({ code }) => code), null, '<= 450', atMost(450));
print('first_load_all', 'KiB', loads.map(({ all }) => all), null, 'none', () => true);
const memory = await measureMemory();
print('relay_memory_per_connection', 'KiB', [memory.connection], null, '<= 16', atMost(16));
print('relay_memory_at_rest', 'MiB', [memory.rest], null, '<= 25', atMost(25));
