const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'AltGraph', 'Meta', 'OS']);

/**
 * The keys of a press as the program reads them, by their place on the keyboard: `Ctrl+Shift+KeyM`.
 * Null for a press that is no choice: a modifier alone, or a key that moves through the page.
 */
export function keysOf(event: KeyboardEvent): string | null {
  if (MODIFIERS.has(event.key)) return null;
  const modifiers = [
    event.ctrlKey && 'Ctrl',
    event.altKey && 'Alt',
    event.shiftKey && 'Shift',
    event.metaKey && 'Super',
  ].filter((modifier) => modifier !== false);
  const moves = event.key === 'Tab' || event.key === 'Escape';
  if (moves && !event.ctrlKey && !event.altKey && !event.metaKey) return null;
  return [...modifiers, event.code].join('+');
}

/** Keys as they are printed on them. */
export function shownKeys(keys: string): string {
  return keys
    .split('+')
    .map((key) => key.replace(/^(Key|Digit)(?=.)/, ''))
    .join(' + ');
}
