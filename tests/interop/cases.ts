import { Meeting } from './meeting.ts';
import type { Stage } from './stage.ts';

export interface Case {
  name: string;
  run(stage: Stage): Promise<void>;
}

/** Far ends, and whether ICE can restart there. */
const farEnds: { name: string; restarts: boolean }[] = [
  { name: 'chromium', restarts: true },
  { name: 'firefox', restarts: true },
  { name: 'aiortc', restarts: false },
  { name: 'gstreamer', restarts: false },
];

/** Everything, with `subject` in Bellwire's place. */
export function* cases(subject: string): Iterable<Case> {
  for (const far of farEnds) {
    for (const role of ['offerer', 'answerer'] as const) {
      yield {
        name: `${far.name} as ${role}`,
        run: (stage) => meet(stage, subject, far, role),
      };
    }
  }
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
