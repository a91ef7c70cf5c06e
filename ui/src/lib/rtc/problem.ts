import type { DeviceProblem } from '../bindings';
import type { Source } from './slots';

/** No answer within the time that a device has. */
export class HungError extends Error {}

/**
 * What a failed capture means to the person. Names are those of Media Capture and Streams
 * section 10.2, and `SecurityError` of older browsers.
 */
export function problemOf(error: unknown, source: Source): DeviceProblem {
  if (error instanceof HungError) return 'hung';
  const { name, message } = nameAndMessage(error);
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      // Closing the picker of screens is reported like a refusal; only the system's own refusal
      // can be told from it, by Chromium's text.
      return source === 'screen' && !/system/i.test(message) ? 'dismissed' : 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'other';
  }
}

/** Whether another device of the kind may still work. */
export function isAboutOneDevice(error: unknown): boolean {
  const { name } = nameAndMessage(error);
  return name === 'OverconstrainedError' || name === 'NotFoundError';
}

function nameAndMessage(error: unknown): { name: string; message: string } {
  // OverconstrainedError is no DOMException and, in some browsers, no Error.
  if (typeof error !== 'object' || error === null) return { name: '', message: '' };
  const { name, message } = error as { name?: unknown; message?: unknown };
  return { name: String(name ?? ''), message: String(message ?? '') };
}
