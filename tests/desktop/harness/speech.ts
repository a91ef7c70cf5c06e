import { join, resolve } from 'node:path';

import { read, type Sound } from './sound.ts';

const media = resolve(
  process.env['BELLWIRE_MEDIA'] ?? join(import.meta.dirname, '../../../target/media'),
);

/** What people say in these scenes; tests/media/make-speech.sh makes it. */
export const speech = join(media, 'speech.wav');

/** The same as sound to compare with what was recorded. */
export function spoken(rate: number, scratch: string): Promise<Sound> {
  return read([speech], rate, scratch);
}
