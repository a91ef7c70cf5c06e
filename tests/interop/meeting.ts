import { Courier, ufragOf } from './courier.ts';
import { Missing, type End, type PeerCommand, type Slot } from './ends/end.ts';

type Opening = Omit<Extract<PeerCommand, { type: 'open' }>, 'type'>;

/** From the first offer to the path, in ms. */
const CONNECT_MS = 10_000;
/** For a message or for media to arrive over a path that is there, in ms. */
const ARRIVE_MS = 10_000;
/** A lost datagram on `control` is not sent again; the app repeats what it says, in ms. */
const REPEAT_MS = 200;

/** Enough to have come over a path and through a decoder, not out of a buffer. */
const ENOUGH = { packets: 25, frames: 8 };
/**
 * Energy of that sound at the least. A tone at a tenth of full scale has 0.005 a second; Chromium's
 * fake microphone beeps once a second, for about 40 ms.
 */
const AUDIBLE = 1e-5;

/** Two ends and what carries their descriptions. */
export class Meeting {
  readonly courier: Courier;
  readonly #generations = new Set<string>();

  constructor(
    readonly offerer: End,
    readonly answerer: End,
  ) {
    this.courier = new Courier(offerer, answerer);
  }

  /** Opens both ends, sends sound and picture from both, and connects them. */
  async connect(opening: Opening = { ice_servers: [], relay_only: false }): Promise<void> {
    const ends = [this.offerer, this.answerer];
    for (const end of ends) {
      end.send({ type: 'open', ...opening });
      end.send({ type: 'send', slot: 'audio', on: true, device: null });
      end.send({ type: 'send', slot: 'camera', on: true, device: null });
    }
    await this.#negotiate(this.offerer, false);
    await Promise.all(
      ends.flatMap((end) => [
        end.until(isPath('connected'), 'path connected', CONNECT_MS, 0),
        end.until(({ type }) => type === 'channels_open', 'channels_open', CONNECT_MS, 0),
      ]),
    );
  }

  /** A message each way on each channel. */
  async talk(): Promise<void> {
    const { offerer, answerer } = this;
    await Promise.all([
      say(offerer, answerer, 'chat'),
      say(answerer, offerer, 'chat'),
      say(offerer, answerer, 'control'),
      say(answerer, offerer, 'control'),
    ]);
  }

  /** Sound and picture arrive and are decoded, both ways, from here on. */
  async flows(): Promise<void> {
    await Promise.all([arrives(this.offerer), arrives(this.answerer)]);
  }

  /** ICE restarts on the order of one end; media goes on. */
  async restart(end: End): Promise<void> {
    await this.#negotiate(end, true);
    await this.flows();
  }

  async #negotiate(offerer: End, restart: boolean): Promise<void> {
    const { offer, answer } = await this.courier.negotiate(offerer, restart);
    for (const sdp of [offer, answer]) {
      hasEverySlot(sdp);
      const ufrag = ufragOf(sdp);
      if (this.#generations.has(ufrag)) throw new Error(`generation ${ufrag} is used again`);
      this.#generations.add(ufrag);
    }
  }

  /** No end had another candidate than the relay's. */
  onlyRelayed(): void {
    for (const end of [this.offerer, this.answerer]) {
      const candidates = end.reports.filter(
        (report) => report.type === 'candidate' && report.candidate !== '',
      );
      const other = candidates.find((report) => !JSON.stringify(report).includes(' typ relay'));
      if (candidates.length === 0) throw new Error(`${end.name} has no candidate`);
      if (other) throw new Error(`${end.name} leaks ${JSON.stringify(other)}`);
    }
  }

  /** Both ends close; they report nothing after it. */
  async close(): Promise<void> {
    for (const end of [this.answerer, this.offerer]) end.send({ type: 'close' });
    await Promise.all([this.offerer.stop(), this.answerer.stop()]);
  }
}

/** Sends until it arrives. */
async function say(from: End, to: End, channel: 'control' | 'chat'): Promise<void> {
  const data = JSON.stringify({ from: from.name, number: from.nextOperation(), umlaut: 'ü' });
  const mark = to.reports.length;
  from.send({ type: channel, data });
  const again = setInterval(() => {
    if (channel === 'control') from.send({ type: channel, data });
  }, REPEAT_MS);
  try {
    await to.until(
      (report) => report.type === channel && report.data === data,
      `a message on ${channel}`,
      ARRIVE_MS,
      mark,
    );
  } finally {
    clearInterval(again);
  }
}

/** Waits until enough more sound and picture came in at an end than had before. */
export async function arrives(
  end: End,
  slots: readonly Slot[] = ['audio', 'camera'],
  within = ARRIVE_MS,
): Promise<void> {
  await Promise.all(
    slots.map(async (slot) => {
      const start = end.received(slot);
      const enough = (): boolean => {
        const present = end.received(slot);
        const more = (of: 'packets' | 'frames' | 'energy'): number =>
          (present[of] ?? 0) - (start[of] ?? 0);
        return slot === 'audio' || slot === 'screenAudio'
          ? more('packets') >= ENOUGH.packets && more('energy') >= AUDIBLE
          : more('frames') >= ENOUGH.frames;
      };
      try {
        await end.until(() => enough(), `media on ${slot}`, within);
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        const [from, to] = [JSON.stringify(start), JSON.stringify(end.received(slot))];
        throw new Missing(`${error.message}\n    from ${from} to ${to}`);
      }
    }),
  );
}

export function isPath(state: string) {
  return (report: { type: string }): boolean =>
    report.type === 'path' && 'state' in report && report.state === state;
}

/** The m-lines are the slots in their order and the data channels, none refused. */
export function hasEverySlot(sdp: string): void {
  const lines = [...sdp.matchAll(/^m=(\w+) (\d+)/gm)].map(([, kind, port]) => `${kind} ${port}`);
  const kinds = lines.map((line) => line.split(' ')[0]).join(' ');
  if (kinds !== 'audio video video audio application') {
    throw new Error(`the m-lines are ${kinds}:\n${sdp}`);
  }
  const refused = sdp
    .split(/^(?=m=)/m)
    .filter((section) => /^m=\w+ 0 /.test(section) && !section.includes('a=bundle-only'));
  if (refused.length > 0) throw new Error(`refused m-lines:\n${refused.join('')}`);
}
