import type { DeviceProblem } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';
import { isInsecurePage } from '../shared/secure';

/** What is told of a version on the way to where it is installed; null tells nothing. */
export function newerWords(version: string | null): string | null {
  return version === null ? null : m.update_waits({ version });
}

/** Why a test could not open a device. */
export function testWords(kind: 'microphone' | 'camera', problem: DeviceProblem): string {
  const device = kind === 'microphone' ? m.your_microphone() : m.your_camera();
  switch (problem) {
    case 'denied':
    case 'dismissed':
      return isInsecurePage() ? m.test_insecure({ device }) : m.test_denied({ device });
    case 'missing':
    case 'unplugged':
      return m.test_missing({ device });
    case 'busy':
      return m.test_busy({ device });
    case 'hung':
    case 'other':
      return m.test_other({ device });
  }
}
