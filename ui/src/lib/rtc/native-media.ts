import type { PeerId, Slot } from '../bindings';
import type { Figures, Media } from './peers';

/** What the program around the window does for its media. */
export interface Door {
  figures(peer: PeerId): Promise<Omit<Figures, 'at'> | null>;
}

/**
 * The window's half of calls whose connections the program carries out: pictures. Sound never comes
 * here.
 */
export class NativeMedia implements Media {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  local(_slot: Slot): MediaStreamTrack | null {
    return null;
  }

  remote(_peer: PeerId, _slot: Slot): MediaStreamTrack | null {
    return null;
  }

  onTracks(_listener: () => void): () => void {
    return () => undefined;
  }

  async figures(peer: PeerId): Promise<Figures | null> {
    const figures = await this.#door.figures(peer);
    return figures && { at: performance.now(), ...figures };
  }
}
