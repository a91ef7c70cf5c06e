import { expect, test } from 'vitest';
import { HungError, isAboutOneDevice, problemOf } from './problem';

test.each([
  [new DOMException('', 'NotAllowedError'), 'camera', 'denied'],
  [new DOMException('', 'SecurityError'), 'audio', 'denied'],
  [new DOMException('', 'NotFoundError'), 'camera', 'missing'],
  [new DOMException('', 'NotReadableError'), 'audio', 'busy'],
  [new DOMException('', 'AbortError'), 'camera', 'busy'],
  [{ name: 'OverconstrainedError', constraint: 'deviceId' }, 'camera', 'missing'],
  [new HungError(), 'audio', 'hung'],
  [new TypeError('constraints'), 'audio', 'other'],
  ['a string', 'audio', 'other'],
  [null, 'audio', 'other'],
  [new DOMException('Permission denied', 'NotAllowedError'), 'screen', 'dismissed'],
  [new DOMException('Permission denied by system', 'NotAllowedError'), 'screen', 'denied'],
] as const)('%s for %s is %s', (error, source, problem) => {
  expect(problemOf(error, source)).toBe(problem);
});

test('another device is tried only where this one is at fault', () => {
  expect(isAboutOneDevice({ name: 'OverconstrainedError' }), 'the chosen device is gone').toBe(
    true,
  );
  expect(isAboutOneDevice(new DOMException('', 'NotFoundError'))).toBe(true);
  expect(isAboutOneDevice(new DOMException('', 'NotAllowedError')), 'a refusal is for all').toBe(
    false,
  );
  expect(isAboutOneDevice(new HungError()), 'waiting twice helps nobody').toBe(false);
});
