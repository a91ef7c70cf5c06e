import { setTimeout as delay } from 'node:timers/promises';

import type { IceServers, Transport } from './coturn.ts';
import type { End } from './ends/end.ts';
import { play, scenes, type Scene } from './conformance.ts';
import { Meeting } from './meeting.ts';
import type { Stage } from './stage.ts';
import { aStrangerCalls, aStrangerIsCalled } from './strangers.ts';

export interface Case {
  name: string;
  run(stage: Stage): Promise<void>;
}

/** Credentials for longer than any case, in s. */
const LONG_S = 600;
/** Credentials that run out during a case, in s. */
const SHORT_S = 5;
/** In which an end would have found the relay many times over, in ms. */
const GATHER_MS = 2_000;

/** Far ends, and whether ICE can restart there. */
const farEnds: { name: string; restarts: boolean }[] = [
  { name: 'chromium', restarts: true },
  { name: 'firefox', restarts: true },
  { name: 'aiortc', restarts: false },
  { name: 'gstreamer', restarts: false },
];

/** Everything, with `subject` in Bellwire's place. */
export function* cases(subject: string): Iterable<Case> {
  const casts: [a: string, b: string][] = [
    ['executor', 'executor'],
    [subject, subject],
    [subject, 'executor'],
    ['executor', subject],
  ];
  for (const [a, b] of casts) {
    for (const scene of scenes) {
      const name = `${a} and ${b}: ${scene.name}`;
      yield { name, run: (stage) => perform(stage, a, b, scene) };
    }
  }
  for (const far of farEnds) {
    for (const role of ['offerer', 'answerer'] as const) {
      yield {
        name: `${far.name} as ${role}`,
        run: (stage) => meet(stage, subject, far, role),
      };
    }
  }
  for (const role of ['offerer', 'answerer'] as const) {
    yield {
      name: `firefox as ${role} of the executor for webviews`,
      run: (stage) => meetExecutor(stage, role),
    };
  }
  for (const transport of ['udp', 'tcp', 'tls'] as const) {
    yield {
      name: `relayed over ${transport}`,
      run: (stage) => meetRelayed(stage, subject, transport),
    };
  }
  yield {
    name: 'relay credentials that expire',
    run: (stage) => outliveCredentials(stage, subject),
  };
  yield { name: 'a stranger calls the command line', run: aStrangerCalls };
  yield { name: 'the command line calls a stranger', run: aStrangerIsCalled };
}

/** A scene of the conformance script. */
async function perform(stage: Stage, a: string, b: string, scene: Scene): Promise<void> {
  const relay = (await stage.coturn()).servers('udp', LONG_S);
  await play(scene, await stage.end(a), await stage.end(b), { relay });
}

/** Both ends behind the relay, as where nothing else gets through. */
async function meetRelayed(stage: Stage, subject: string, transport: Transport): Promise<void> {
  const coturn = await stage.coturn();
  const meeting = new Meeting(await stage.end(subject), await stage.end('chromium'));
  const ice_servers = coturn.servers(transport, LONG_S);
  await meeting.connect({ ice_servers, relay_only: true });
  meeting.onlyRelayed();
  await meeting.talk();
  await meeting.flows();
  await meeting.close();
}

/** Credentials run out while people talk; new ones come, and a restart uses them. */
async function outliveCredentials(stage: Stage, subject: string): Promise<void> {
  const coturn = await stage.coturn();
  const ours = await stage.end(subject);
  const meeting = new Meeting(ours, await stage.end('chromium'));
  const old = coturn.servers('udp', SHORT_S);
  await meeting.connect({ ice_servers: old, relay_only: true });
  await delay((SHORT_S + 1) * 1000);
  await meeting.flows();
  const ice_servers = coturn.servers('udp', LONG_S);
  for (const end of [meeting.offerer, meeting.answerer]) {
    end.send({ type: 'configure', ice_servers, relay_only: true });
  }
  await meeting.restart(ours);
  meeting.onlyRelayed();
  await meeting.talk();
  await meeting.close();
  await gathersNothing(await stage.end(subject), old);
}

/** What has expired is refused, so that the case above proves something. */
async function gathersNothing(end: End, ice_servers: IceServers): Promise<void> {
  end.send({ type: 'open', ice_servers, relay_only: true });
  end.send({ type: 'offer', operation: end.nextOperation(), restart: false });
  await delay(GATHER_MS);
  const found = end.reports.find((report) => report.type === 'candidate' && report.candidate !== '');
  if (found) throw new Error(`expired credentials gave ${JSON.stringify(found)}`);
}

/** Bellwire's other executor, in Chromium, with a browser that is not Chromium. */
async function meetExecutor(stage: Stage, role: 'offerer' | 'answerer'): Promise<void> {
  const ours = await stage.end('executor');
  const theirs = await stage.end('firefox');
  const meeting = role === 'offerer' ? new Meeting(theirs, ours) : new Meeting(ours, theirs);
  await meeting.connect();
  await meeting.talk();
  await meeting.flows();
  // Chromium sometimes keeps a pair with a port that Firefox has left. The app notices and has the
  // other side restart; here it does so in any case.
  await meeting.courier.negotiate(ours, true);
  await meeting.restart(theirs);
  await meeting.talk();
  await meeting.close();
}

async function meet(
  stage: Stage,
  subject: string,
  far: { name: string; restarts: boolean },
  role: 'offerer' | 'answerer',
): Promise<void> {
  const ours = await stage.end(subject);
  const theirs = await stage.end(far.name);
  const meeting =
    role === 'offerer' ? new Meeting(theirs, ours) : new Meeting(ours, theirs);
  await meeting.connect();
  await meeting.talk();
  await meeting.flows();
  if (far.restarts) {
    await meeting.restart(ours);
    await meeting.restart(theirs);
    await meeting.talk();
  }
  await meeting.close();
}
