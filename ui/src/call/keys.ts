/** What a key does in a call. */
export type CallKey =
  | 'mute'
  | 'camera'
  | 'screen'
  | 'chat'
  | 'quality'
  | 'devices'
  | 'full-screen'
  | 'hang-up'
  | 'help'
  | 'talk';

const TYPED = 'input, textarea, select, [contenteditable="true"], [role="textbox"]';
const BESIDE = 'aside, [role="dialog"]';
const PRESSED = 'button, a, [role="menuitem"], [role="menuitemradio"], [role="tab"]';

/** Whether the person types: then no key is a command. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPED) !== null;
}

/**
 * What a pressed key means, or null. Space belongs to a focused button. Letters count where the
 * call itself has the focus, not a panel beside it, and only if `single` keys are wanted.
 */
export function callKey(event: KeyboardEvent, single: boolean): CallKey | null {
  if (isTyping(event.target)) return null;
  if (event.ctrlKey && event.shiftKey && event.code === 'KeyH') return 'hang-up';
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (!single || isBeside(event.target)) return null;
  if (event.key === '?') return 'help';
  if (event.key === ' ') {
    const pressed = event.target instanceof Element && event.target.closest(PRESSED) !== null;
    return pressed ? null : 'talk';
  }
  switch (letterOf(event)) {
    case 'm':
      return 'mute';
    case 'v':
      return 'camera';
    case 's':
      return 'screen';
    case 'c':
      return 'chat';
    case 'q':
      return 'quality';
    case 'd':
      return 'devices';
    case 'f':
      return 'full-screen';
    default:
      return null;
  }
}

function isBeside(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(BESIDE) !== null;
}

/** The Latin letter of a key; on keyboards of other alphabets the one at its place. */
function letterOf({ key, code }: KeyboardEvent): string | null {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  const isLetter = key.length === 1 && /\p{Letter}/u.test(key);
  return isLetter ? (/^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? null) : null;
}
