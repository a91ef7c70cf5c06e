import type { Stage } from './stage.ts';

/** A test: what is claimed, and how it is shown. */
export interface Scene {
  /** A sentence of behaviour. */
  readonly name: string;
  readonly play: (stage: Stage) => Promise<void>;
}

/** What was measured on the way; nothing is held against it here. */
export const figures: string[] = [];
