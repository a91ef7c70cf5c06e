import type { End, PeerEvent, Report } from './ends/end.ts';

type Candidate = Extract<PeerEvent, { type: 'candidate' }>;

/** How long an end may take for an operation, in ms. The core gives up after 10 s as well. */
export const OPERATION_MS = 10_000;

/**
 * Carries descriptions and candidates between two ends as the core and a relay do: candidates never
 * travel inside a description, wait until their own description has left, and are handed on only
 * while the description of their generation is set.
 */
export class Courier {
  readonly #sides: [Side, Side];

  constructor(
    readonly a: End,
    readonly b: End,
  ) {
    this.#sides = [new Side(a), new Side(b)];
    const [one, other] = this.#sides;
    one.end.onReport((report) => this.#carry(report, one, other));
    other.end.onReport((report) => this.#carry(report, other, one));
  }

  /** One exchange of offer and answer, from the order to the answer's being applied. */
  async negotiate(offerer: End, restart = false): Promise<Exchange> {
    const answerer = offerer === this.a ? this.b : this.a;
    const offer = await this.offer(offerer, restart);
    const answer = await this.answer(answerer, offer);
    await this.apply(offerer, answer);
    return { offer, answer };
  }

  /** Has an end make an offer; what travels of it is returned. */
  async offer(end: End, restart = false): Promise<string> {
    const operation = end.nextOperation();
    const from = end.reports.length;
    end.send({ type: 'offer', operation, restart });
    return this.#described(end, operation, from);
  }

  async answer(end: End, offer: string): Promise<string> {
    const operation = end.nextOperation();
    const from = end.reports.length;
    end.send({ type: 'answer', operation, sdp: offer });
    const answer = await this.#described(end, operation, from);
    this.hasRemote(end, offer);
    return answer;
  }

  async apply(end: End, answer: string): Promise<void> {
    const operation = end.nextOperation();
    const from = end.reports.length;
    end.send({ type: 'apply', operation, sdp: answer });
    await end.until(concludes(operation, 'applied'), `applied ${operation}`, OPERATION_MS, from);
    this.hasRemote(end, answer);
  }

  /** A remote description is set: its generation's candidates can be added. */
  hasRemote(end: End, sdp: string): void {
    this.#side(end).accept(ufragOf(sdp));
  }

  /** A local description is set: its candidates may leave. */
  hasLocal(end: End, sdp: string): void {
    const other = this.#side(end === this.a ? this.b : this.a);
    for (const candidate of this.#side(end).described(ufragOf(sdp))) other.take(candidate);
  }

  async #described(end: End, operation: number, from: number): Promise<string> {
    const what = `described ${operation}`;
    const report = await end.until(concludes(operation, 'described'), what, OPERATION_MS, from);
    if (report.type !== 'described') throw new Error(`${end.name}: ${JSON.stringify(report)}`);
    this.hasLocal(end, report.sdp);
    return withoutCandidates(report.sdp);
  }

  #carry(report: Report, from: Side, to: Side): void {
    if (report.type !== 'candidate') return;
    for (const candidate of from.say(report)) to.take(candidate);
  }

  #side(end: End): Side {
    const [one, other] = this.#sides;
    return one.end === end ? one : other;
  }
}

/** Both descriptions of an exchange. */
export interface Exchange {
  offer: string;
  answer: string;
}

/** What one end has said and may be told. */
class Side {
  #local = '';
  readonly #remote = new Set<string>();
  /** Its own candidates whose description has not left. */
  #unsaid: Candidate[] = [];
  /** The other's candidates whose description is not set. */
  #early: Candidate[] = [];

  constructor(readonly end: End) {}

  say(candidate: Candidate): Candidate[] {
    if (this.#local !== '' && (candidate.ufrag === '' || candidate.ufrag === this.#local)) {
      return [{ ...candidate, ufrag: this.#local }];
    }
    this.#unsaid.push(candidate);
    return [];
  }

  described(ufrag: string): Candidate[] {
    this.#local = ufrag;
    const unsaid = this.#unsaid;
    this.#unsaid = [];
    return unsaid
      .filter((candidate) => candidate.ufrag === '' || candidate.ufrag === ufrag)
      .map((candidate) => ({ ...candidate, ufrag }));
  }

  take(candidate: Candidate): void {
    if (!this.#remote.has(candidate.ufrag)) this.#early.push(candidate);
    else this.#add(candidate);
  }

  accept(ufrag: string): void {
    this.#remote.add(ufrag);
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) this.take(candidate);
  }

  #add({ ufrag, mid, candidate }: Candidate): void {
    this.end.send({ type: 'add_candidate', ufrag, mid, candidate });
  }
}

/** Fits the report that ends an operation, as hoped for or not. */
function concludes(operation: number, hoped: 'described' | 'applied') {
  return (report: Report): boolean => {
    if (report.type === 'operation_failed' && report.operation === operation) {
      throw new Error(`the operation failed: ${report.message}`);
    }
    return report.type === hoped && report.operation === operation;
  };
}

/** The ICE generation of a description. */
export function ufragOf(sdp: string): string {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';
}

/** What of a description travels. */
export function withoutCandidates(sdp: string): string {
  return sdp
    .split(/\r?\n/)
    .filter((line) => !/^a=(?:candidate:|end-of-candidates)/.test(line))
    .join('\r\n');
}
