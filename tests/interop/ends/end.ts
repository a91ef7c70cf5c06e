import type { PeerCommand, PeerEvent, Slot } from '../../../ui/src/lib/bindings.ts';

export type { PeerCommand, PeerEvent, Slot };

/**
 * What came in on a slot since the start. `energy` grows as the W3C's `totalAudioEnergy` does: by
 * the square of the level (1 is full scale) times the seconds. Repeated several times a second.
 */
export interface Received {
  type: 'received';
  slot: Slot;
  packets: number;
  energy?: number;
  frames?: number;
}

/** What an end says that no test waits for. */
export interface Note {
  type: 'note';
  text: string;
}

/** How the path is, as the app shows it; no test waits for it. */
export interface Measured {
  type: 'figures';
  figures: object;
}

export type Report = PeerEvent | Received | Note | Measured;

const TRANSCRIPT_LINES = 60;
/** `BELLWIRE_INTEROP_WIDE=1` shows whole descriptions. */
const TRANSCRIPT_WIDTH = process.env['BELLWIRE_INTEROP_WIDE'] ? 100_000 : 180;

/** A wait that ended without what was waited for. */
export class Missing extends Error {}

/** One end of a peer connection that takes commands and reports, as lines of JSON. */
export abstract class End {
  /** Everything that it reported, oldest first. */
  readonly reports: Report[] = [];
  readonly #listeners = new Set<(report: Report) => void>();
  readonly #latest = new Map<Slot, Received>();
  readonly #lines: string[] = [];
  #operation = 0;
  #gone: string | null = null;

  constructor(readonly name: string) {}

  /** Has one command carried out, after all those before it. */
  send(command: PeerCommand): void {
    this.#lines.push(`< ${JSON.stringify(command)}`);
    this.deliver(command);
  }

  protected abstract deliver(command: PeerCommand): void;

  /** Lets go of whatever it runs in. */
  abstract stop(): Promise<void>;

  nextOperation(): number {
    this.#operation += 1;
    return this.#operation;
  }

  /** What last came in on a slot. */
  received(slot: Slot): Received {
    return this.#latest.get(slot) ?? { type: 'received', slot, packets: 0, energy: 0, frames: 0 };
  }

  onReport(listener: (report: Report) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first report from number `from` on that fits, also one still to come. */
  async until<T extends Report>(
    fits: (report: Report) => report is T,
    what: string,
    within: number,
    from?: number,
  ): Promise<T>;
  async until(
    fits: (report: Report) => boolean,
    what: string,
    within: number,
    from?: number,
  ): Promise<Report>;
  async until(
    fits: (report: Report) => boolean,
    what: string,
    within: number,
    from = this.reports.length,
  ): Promise<Report> {
    const past = this.reports.slice(from).find(fits);
    if (past) return past;
    return new Promise((resolve, reject) => {
      const over = (why: string): void => {
        clearTimeout(timer);
        forget();
        reject(new Missing(`${this.name}: ${what} ${why}\n${this.transcript()}`));
      };
      const forget = this.onReport((report) => {
        if (this.#gone !== null) over(this.#gone);
        else {
          try {
            if (!fits(report)) return;
            resolve(report);
          } catch (error) {
            reject(error as Error);
          }
          clearTimeout(timer);
          forget();
        }
      });
      const timer = setTimeout(() => over(`did not come within ${within} ms`), within);
      if (this.#gone !== null) over(this.#gone);
    });
  }

  /** What was ordered and reported, shortened, for a person who looks for a mistake. */
  transcript(): string {
    const lines = this.#lines.slice(-TRANSCRIPT_LINES);
    return lines.map((line) => `    ${this.name} ${line.slice(0, TRANSCRIPT_WIDTH)}`).join('\n');
  }

  protected hear(line: string): void {
    let report: Report;
    try {
      report = JSON.parse(line) as Report;
    } catch {
      report = { type: 'note', text: line };
    }
    if (report.type === 'received') this.#latest.set(report.slot, report);
    else if (report.type !== 'figures') this.#lines.push(`> ${JSON.stringify(report)}`);
    this.reports.push(report);
    for (const listener of [...this.#listeners]) listener(report);
  }

  /** It will not report anything any more; whoever waits is told why. */
  protected end(why: string): void {
    this.#gone = why;
    this.hear(JSON.stringify({ type: 'note', text: why }));
  }
}
