/** How long a condition is waited for unless somebody says otherwise, in ms. */
export const PATIENCE_MS = 15_000;
/** Between two looks, in ms. */
const LOOK_MS = 50;

/**
 * Looks until there is something, and gives it. `undefined`, `null` and `false` are nothing; a look
 * that throws is one that saw nothing. The error of a wait that was in vain says what was awaited
 * and what was seen last.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  ms: number = PATIENCE_MS,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + ms;
  let last = 'nothing';
  do {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== null && seen !== false) {
        return seen as Exclude<T, undefined | null | false>;
      }
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await pause(LOOK_MS);
  } while (performance.now() < deadline);
  throw new Error(`not within ${ms} ms: ${what} (seen last: ${last})`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((over) => setTimeout(over, ms));
}
