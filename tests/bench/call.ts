/**
 * Times calls of Bellwire and of PeerJS in turns, in one browser, and prints one JSON object a
 * line. BELLWIRE_RELAY_BIN should name a release build.
 */
import { chromium, withDevices } from '../e2e/harness/chromium.ts';
import { Relay } from '../e2e/harness/relay.ts';
import { hangUp, openPair, timeControl } from './bellwire.ts';
import { timeCall, warmContext, type Timing } from './calls.ts';
import { print, type Peer } from './figures.ts';
import { timeLoad, type Load } from './first-load.ts';
import { measureMemory } from './idle-memory.ts';
import { PeerJs } from './peerjs.ts';

const CALLS = Number(process.env['BELLWIRE_BENCH_CALLS'] ?? 30);
/** The relay lets one person ring another three times in five minutes: three each way. */
const CALLS_OF_A_PAIR = 6;
const LOADS = 10;

const ours: Timing[] = [];
const theirs: Timing[] = [];
const mute: number[] = [];
const cameraOff: number[] = [];
const loads: Load[] = [];

const relay = await Relay.start();
const peerJs = await PeerJs.start();
const browser = await chromium.launch(withDevices);
try {
  for (let load = 0; load < LOADS; load += 1) loads.push(await timeLoad(browser, relay.origin));

  for (let pairs = 0; ours.length < CALLS; pairs += 1) {
    const pair = await openPair(browser, relay);
    const contexts = [await warmContext(browser), await warmContext(browser)] as const;
    const [one, other] = [`one${pairs}`, `other${pairs}`];
    const peers = [
      await peerJs.open(contexts[0], one, other),
      await peerJs.open(contexts[1], other, one),
    ] as const;

    for (let call = 0; call < CALLS_OF_A_PAIR && ours.length < CALLS; call += 1) {
      const [caller, callee] = call % 2 === 0 ? [0, 1] as const : [1, 0] as const;
      ours.push(await timeCall({ page: pair.pages[caller] }, { page: pair.pages[callee] }));
      mute.push(await timeControl(pair.pages[0], 'Mute', pair.pages[1], pair.names[0]));
      cameraOff.push(await timeControl(pair.pages[1], 'Camera', pair.pages[0], pair.names[1]));
      await hangUp(pair.pages);

      theirs.push(await timeCall({ page: peers[caller] }, { page: peers[callee] }));
      for (const page of peers) await page.getByRole('button', { name: 'Hang up' }).click();
    }
    await pair.close();
    await Promise.all(contexts.map((context) => context.close()));
  }
} finally {
  await browser.close();
  await peerJs.stop();
  await relay.remove();
}

const both = (timing: Timing): number => Math.max(timing.callee, timing.caller);
const peerjs = (of: (timing: Timing) => number): Peer => ({ name: 'peerjs', samples: theirs.map(of) });
const atMost = (limit: number) => (_: number, p95: number) => p95 <= limit;
const ratio = (_: number, __: number, ratio: number | null): boolean => (ratio ?? 9) <= 0.9;
print('answer_to_first_frame_both_sides', 'ms', ours.map(both), peerjs(both), 'ratio_p50 <= 0.9', ratio);
for (const side of ['callee', 'caller'] as const) {
  const of = (timing: Timing): number => timing[side];
  print(`answer_to_first_frame_${side}`, 'ms', ours.map(of), peerjs(of), 'ratio_p50 <= 0.9', ratio);
}
const ring = (timing: Timing): number => timing.ring;
print('call_to_incoming_shown', 'ms', ours.map(ring), peerjs(ring), 'p95 <= 100', atMost(100));
print('mute_to_shown', 'ms', mute, null, 'p95 <= 100', atMost(100));
print('camera_off_to_shown', 'ms', cameraOff, null, 'p95 <= 100', atMost(100));
const loaded = loads.map(({ interactive }) => interactive);
print('first_load_interactive', 'ms', loaded, null, 'p95 <= 1000', atMost(1_000));
print('first_load_code', 'KiB', loads.map(({ code }) => code), null, '<= 450', atMost(450));
print('first_load_all', 'KiB', loads.map(({ all }) => all), null, 'none', () => true);
const memory = await measureMemory();
print('relay_memory_per_connection', 'KiB', [memory.connection], null, '<= 16', atMost(16));
print('relay_memory_at_rest', 'MiB', [memory.rest], null, '<= 25', atMost(25));
