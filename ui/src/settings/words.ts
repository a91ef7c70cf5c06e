import { m } from '../lib/paraglide/messages';

/** What is told of a version on the way to where it is installed; null tells nothing. */
export function newerWords(version: string | null): string | null {
  return version === null ? null : m.update_waits({ version });
}
