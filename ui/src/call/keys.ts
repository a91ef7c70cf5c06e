/** What a key does in a call. */
export type CallKey =
  'mute' | 'camera' | 'screen' | 'chat' | 'quality' | 'devices' | 'hang-up' | 'help' | 'talk';

const TYPED = 'input, textarea, select, [contenteditable="true"], [role="textbox"]';
const PRESSED = 'button, a, [role="menuitem"], [role="menuitemradio"], [role="tab"]';

/** Whether the person types: then no key is a command. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPED) !== null;
}

/** What a pressed key means, or null. Space belongs to a focused button. */
export function callKey(event: KeyboardEvent): CallKey | null {
  if (isTyping(event.target)) return null;
  if (event.ctrlKey && event.shiftKey && event.code === 'KeyH') return 'hang-up';
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (event.key === '?') return 'help';
  if (event.key === ' ') {
    const pressed = event.target instanceof Element && event.target.closest(PRESSED) !== null;
    return pressed ? null : 'talk';
  }
  switch (event.key.toLowerCase()) {
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
    default:
      return null;
  }
}
