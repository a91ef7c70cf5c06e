import { setTimeout as delay } from 'node:timers/promises';

import script from './conformance.json' with { type: 'json' };
import { Courier, ufragOf, withoutCandidates } from './courier.ts';
import type { End, PeerCommand, PeerEvent, Report, Slot } from './ends/end.ts';
import { arrives, hasEverySlot } from './meeting.ts';

/** How long an awaited report may take, in ms. */
const EXPECT_MS = 10_000;
/** How long media must not move to count as stopped, in ms. */
const STILL_MS = 700;
/** How long media that was sent before may still arrive, in ms. */
const DRAIN_MS = 400;
/** How long nothing must be reported to count as silent, in ms. */
const SILENT_MS = 600;
/** How long an end may take to find all its candidates, in ms. */
const GATHER_MS = 8_000;

type Name = 'a' | 'b';
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = { [key: string]: Json };

/** One scene of the script, as a name and what runs it. */
export interface Scene {
  name: string;
  steps: Fields[];
}

export const scenes: readonly Scene[] = script.scenes as Scene[];

/** Plays a scene; `kept` is what it may refer to from the start. */
export async function play(scene: Scene, a: End, b: End, kept: Record<string, Json>): Promise<void> {
  const ends = { a: new Watched(a), b: new Watched(b) };
  const courier = new Courier(a, b);
  const stage = new Play(ends, courier, new Map(Object.entries(kept)));
  for (const [index, step] of scene.steps.entries()) {
    try {
      await stage.step(step);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const transcripts = `${a.transcript()}\n${b.transcript()}`;
      throw new Error(`step ${index + 1} ${JSON.stringify(step)}\n${text}\n${transcripts}`);
    }
  }
}

/** What an end reported and nobody awaited yet. */
class Watched {
  readonly #queue: PeerEvent[] = [];
  readonly candidates: Extract<PeerEvent, { type: 'candidate' }>[] = [];
  /** Every generation described, oldest first. */
  readonly generations: string[] = [];
  /** The m-lines of its last description. */
  mids: string[] = [];
  /** Remote descriptions that it was told, by operation. */
  readonly told = new Map<number, string>();
  #wake: () => void = () => undefined;

  constructor(readonly end: End) {
    end.onReport((report) => this.#hear(report));
  }

  #hear(report: Report): void {
    switch (report.type) {
      case 'received':
      case 'figures':
      case 'note':
        return;
      case 'candidate':
        this.candidates.push(report);
        return;
      default:
        this.#queue.push(report);
        this.#wake();
    }
  }

  /** The oldest report that nobody awaited, waiting for it. */
  async head(): Promise<PeerEvent> {
    const [head] = this.#queue;
    if (head) return head;
    await new Promise<void>((resolve, reject) => {
      const over = (): void =>
        reject(new Error(`${this.end.name} reports nothing within ${EXPECT_MS} ms`));
      const timer = setTimeout(over, EXPECT_MS);
      this.#wake = () => {
        if (this.#queue.length === 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
    return this.head();
  }

  pending(): readonly PeerEvent[] {
    return this.#queue;
  }

  take(): void {
    this.#queue.shift();
  }

  drain(): void {
    this.#queue.length = 0;
  }
}

class Play {
  constructor(
    private readonly ends: Record<Name, Watched>,
    private readonly courier: Courier,
    private readonly kept: Map<string, Json>,
  ) {}

  async step(step: Fields): Promise<void> {
    for (const [key, value] of Object.entries(step)) {
      switch (key) {
        case 'note':
          break;
        case 'a':
        case 'b':
          this.#order(this.ends[key], this.#filled(value) as unknown as PeerCommand);
          break;
        case 'expect':
          await Promise.all(
            Object.entries(value as Fields).map(([name, patterns]) =>
              this.#expect(this.#named(name), patterns),
            ),
          );
          break;
        case 'flows': {
          const { to, slots } = value as { to: string; slots: Slot[] };
          await arrives(this.#named(to).end, slots);
          break;
        }
        case 'still': {
          const { to, slots } = value as { to: string; slots: Slot[] };
          await isStill(this.#named(to).end, slots);
          break;
        }
        case 'settled':
          for (const name of value as string[]) await this.#settled(this.#named(name));
          break;
        case 'candidates': {
          const { of, only } = value as { of: string; only: string };
          await this.#onlyCandidates(this.#named(of), only);
          break;
        }
        case 'drain':
          this.#named(value as string).drain();
          break;
        case 'silent':
          await this.#isSilent(this.#named(value as string));
          break;
        default:
          throw new Error(`no step is called ${key}`);
      }
    }
    for (const watched of Object.values(this.ends)) this.#checkCandidates(watched);
  }

  #named(name: string): Watched {
    if (name !== 'a' && name !== 'b') throw new Error(`no end is called ${name}`);
    return this.ends[name];
  }

  #order(watched: Watched, command: PeerCommand): void {
    if (command.type === 'answer' || command.type === 'apply') {
      watched.told.set(command.operation, command.sdp);
    }
    watched.end.send(command);
  }

  /** `{"kept": name}` anywhere in a command is what was kept, or what of it stands before `until`. */
  #filled(value: Json): Json {
    if (Array.isArray(value)) return value.map((item) => this.#filled(item));
    if (value === null || typeof value !== 'object') return value;
    if (typeof value['kept'] === 'string') {
      const kept = this.kept.get(value['kept']);
      if (kept === undefined) throw new Error(`nothing is kept as ${value['kept']}`);
      const { until } = value;
      if (typeof until !== 'string') return kept;
      const end = String(kept).indexOf(until);
      if (end < 0) throw new Error(`${value['kept']} has no ${until}`);
      return String(kept).slice(0, end);
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#filled(item)]));
  }

  async #expect(watched: Watched, patterns: Json): Promise<void> {
    const list = Array.isArray(patterns) ? patterns : [patterns];
    for (const pattern of list as Fields[]) {
      const open = Array.isArray(pattern['any']) ? [...(pattern['any'] as Fields[])] : [pattern];
      while (open.length > 0) {
        const report = await watched.head();
        const at = open.findIndex((one) => this.#fits(watched, report, one));
        if (at >= 0) open.splice(at, 1);
        else if (!isAnywhen(report)) {
          const [got, wanted] = [JSON.stringify(report).slice(0, 300), JSON.stringify(open)];
          throw new Error(`${watched.end.name} reports ${got}\ninstead of ${wanted}`);
        }
        watched.take();
        this.#concluded(watched, report);
      }
    }
  }

  #fits(watched: Watched, report: PeerEvent, pattern: Fields): boolean {
    const fields = report as unknown as Fields;
    const { sdp, ...others } = pattern;
    if (!fitsFields(fields, others, sdp === undefined ? [] : ['sdp'])) return false;
    if (sdp !== undefined && report.type === 'described') {
      this.#described(watched, report.sdp, sdp as Fields);
    }
    return true;
  }

  /** Looks into a local description and keeps what travels of it. */
  #described(watched: Watched, sdp: string, pattern: Fields): void {
    hasEverySlot(sdp);
    const ufrag = ufragOf(sdp);
    const last = watched.generations.at(-1);
    const isNew = !watched.generations.includes(ufrag);
    if (pattern['generation'] === 'new' && !isNew) throw new Error(`generation ${ufrag} comes again`);
    if (pattern['generation'] === 'same' && ufrag !== last) {
      throw new Error(`generation ${ufrag} came after ${last} without a restart`);
    }
    if (isNew) watched.generations.push(ufrag);
    watched.mids = [...sdp.matchAll(/^a=mid:(\S+)/gm)].map(([, mid]) => mid ?? '');
    this.kept.set(String(pattern['keep']), withoutCandidates(sdp));
  }

  /** An operation is over: the courier may hand on candidates that waited for it. */
  #concluded(watched: Watched, report: PeerEvent): void {
    if (report.type !== 'described' && report.type !== 'applied') return;
    const { end } = watched;
    if (report.type === 'described') this.courier.hasLocal(end, report.sdp);
    const remote = watched.told.get(report.operation);
    if (remote !== undefined) this.courier.hasRemote(end, remote);
  }

  /** Every candidate is on an m-line, and none comes after the end of its generation. */
  #checkCandidates({ end, candidates }: Watched): void {
    const ended = new Set<string>();
    for (const candidate of candidates) {
      const { ufrag, mid, candidate: line } = candidate;
      const text = `${end.name}: ${JSON.stringify(candidate)}`;
      if (line !== '' && !line.startsWith('candidate:')) throw new Error(`${text} is no candidate`);
      if (mid === '') throw new Error(`${text} has no m-line`);
      if (ended.has(ufrag)) throw new Error(`${text} comes after the end of its generation`);
      if (line === '') ended.add(ufrag);
    }
  }

  /** Waits until the present generation's candidates are all there, and checks whose they are. */
  async #settled(watched: Watched): Promise<void> {
    const { end, generations, candidates, mids } = watched;
    const present = generations.at(-1) ?? '';
    await end.until(
      () => candidates.some(({ ufrag, candidate }) => ufrag === present && candidate === ''),
      `the end of generation ${present}`,
      GATHER_MS,
      0,
    );
    for (const candidate of candidates) {
      const text = JSON.stringify(candidate);
      if (candidate.ufrag !== '' && !generations.includes(candidate.ufrag)) {
        throw new Error(`${end.name}: ${text} is of a generation that was never described`);
      }
      if (!mids.includes(candidate.mid)) throw new Error(`${end.name}: ${text} is on no m-line`);
    }
  }

  /** The present generation has candidates of one type and no other. */
  async #onlyCandidates(watched: Watched, type: string): Promise<void> {
    const { end, candidates, generations } = watched;
    const present = generations.at(-1);
    const own = (): string[] =>
      candidates
        .filter(({ ufrag, candidate }) => ufrag === present && candidate !== '')
        .map(({ candidate }) => candidate);
    await end.until(() => own().length > 0, `a candidate of ${present}`, GATHER_MS, 0);
    const other = own().find((line) => !line.includes(` typ ${type}`));
    if (other) throw new Error(`${end.name}: ${other} is not of type ${type}`);
  }

  async #isSilent(watched: Watched): Promise<void> {
    const candidates = watched.candidates.length;
    await delay(SILENT_MS);
    const late = watched.pending().filter((report) => !isAnywhen(report));
    if (late.length > 0) throw new Error(`${watched.end.name} reports ${JSON.stringify(late)}`);
    if (watched.candidates.length > candidates) {
      throw new Error(`${watched.end.name} reports candidates`);
    }
  }
}

async function isStill(end: End, slots: readonly Slot[]): Promise<void> {
  await delay(DRAIN_MS);
  const before = slots.map((slot) => end.received(slot));
  await delay(STILL_MS);
  for (const [index, slot] of slots.entries()) {
    const [from, to] = [before[index], end.received(slot)];
    if ((to.frames ?? to.packets) > (from?.frames ?? from?.packets ?? 0)) {
      throw new Error(`${end.name}: ${slot} moves from ${JSON.stringify(from)} to ${JSON.stringify(to)}`);
    }
  }
}

function isAnywhen(report: PeerEvent): boolean {
  return script.anywhen.some((pattern) => fitsFields(report as unknown as Fields, pattern, []));
}

/** Same fields with fitting values; `except` are looked at elsewhere. */
function fitsFields(value: Fields, pattern: Fields, except: string[]): boolean {
  const keys = Object.keys(value).filter((key) => !except.includes(key));
  return (
    keys.length === Object.keys(pattern).length &&
    keys.every((key) => fits(value[key] ?? null, pattern[key] ?? null))
  );
}

function fits(value: Json, pattern: Json): boolean {
  if (pattern === '*') return true;
  if (value === null || pattern === null) return value === pattern;
  if (typeof value !== 'object' || typeof pattern !== 'object') return value === pattern;
  if (Array.isArray(value) || Array.isArray(pattern)) {
    return JSON.stringify(value) === JSON.stringify(pattern);
  }
  return fitsFields(value, pattern, []);
}
