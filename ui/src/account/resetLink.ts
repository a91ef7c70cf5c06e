/** What stands before the code behind the `#` of a link to set a new password. */
const MARK = '#reset=';

/**
 * The code that the address of this page brings, taken out of it: neither the history nor a
 * bookmark keeps it, and nobody reads it off the screen.
 */
export function takeResetCode(): string | null {
  const { hash, pathname, search } = location;
  if (!hash.startsWith(MARK)) return null;
  history.replaceState(history.state, '', pathname + search);
  return hash.slice(MARK.length) || null;
}
