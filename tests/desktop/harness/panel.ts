import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SessionBus } from './bus.ts';
import { Child } from './child.ts';
import type { Place } from './place.ts';
import { until } from './waiting.ts';

/** A notification as somebody sees it. */
export interface Note {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  /** Keys and words in turn. */
  readonly actions: readonly string[];
  /** As in the Desktop Notifications Specification, such as `call.incoming`. */
  readonly category: string;
  /** 2 is critical. */
  readonly urgency: number;
  /** When it was taken away, in seconds since 1970; null while it is there. */
  readonly closed: number | null;
}

interface Line {
  ready?: boolean;
  tray?: boolean;
  trouble?: string;
  shown?: number;
  closed?: number;
  title?: string;
  body?: string;
  actions?: string[];
  category?: string;
  urgency?: number;
  at?: number;
}

/** The panel of a desktop: it shows notifications and has a tray. */
export class Panel {
  private constructor(
    private readonly place: Place,
    private readonly child: Child,
  ) {}

  /** `abilities` is what its notifications can do, as in the Desktop Notifications Specification. */
  static async start(place: Place, bus: SessionBus, abilities: string): Promise<Panel> {
    // The system's own: the packages of the system are installed for it.
    const child = new Child('panel', '/usr/bin/python3', [join(import.meta.dirname, 'panel.py'), abilities], {
      log: place.log('panel'),
      env: bus.env,
      speaks: true,
    });
    const panel = new Panel(place, child);
    await until('the panel is there', () => panel.#lines().some(({ ready }) => ready));
    return panel;
  }

  /** Every notification so far, in the order in which they were first shown. */
  notes(): Note[] {
    const notes = new Map<number, Note>();
    for (const line of this.#lines()) {
      if (line.shown !== undefined) {
        notes.set(line.shown, {
          id: line.shown,
          title: line.title ?? '',
          body: line.body ?? '',
          actions: line.actions ?? [],
          category: line.category ?? '',
          urgency: line.urgency ?? 1,
          closed: null,
        });
      }
      const closed = line.closed === undefined ? undefined : notes.get(line.closed);
      if (closed) notes.set(closed.id, { ...closed, closed: line.at ?? 0 });
    }
    return [...notes.values()];
  }

  /** Waits for a notification of this category that is still there. */
  note(category: string, ms?: number): Promise<Note> {
    const there = (note: Note): boolean => note.category === category && note.closed === null;
    return until(`a notification of ${category}`, () => this.notes().find(there), ms);
  }

  /** Waits until a notification is taken away; gives when, in seconds since 1970. */
  async gone(note: Note, ms?: number): Promise<number> {
    const found = (): Note | undefined => this.notes().find(({ id }) => id === note.id);
    return until(`"${note.title}" is gone`, () => found()?.closed, ms);
  }

  /** Presses a button of a notification, by its key. */
  press(note: Note, action: string): void {
    this.#tell({ press: note.id, action });
  }

  /** Whether a program has put an icon into the tray. */
  async trayed(): Promise<void> {
    await until('an icon in the tray', () => this.#lines().some(({ tray }) => tray));
  }

  /** Picks an entry of the menu that a program has in the tray. */
  pick(words: string, pid: number): void {
    this.#tell({ item: words, of: pid });
  }

  async stop(): Promise<void> {
    await this.child.end();
  }

  #tell(order: object): void {
    this.child.input.write(`${JSON.stringify(order)}\n`);
  }

  #lines(): Line[] {
    const text = readFileSync(this.place.log('panel'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line);
  }
}
