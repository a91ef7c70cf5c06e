/**
 * Writes a line for whoever looks at the browser's console: what went wrong, and the name of the
 * error. Never its text, which may hold addresses or what people wrote.
 */
export function trace(what: string, error?: unknown): void {
  // eslint-disable-next-line no-console -- the only place that writes there
  console.warn(`bellwire: ${what}`, nameOf(error));
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}
