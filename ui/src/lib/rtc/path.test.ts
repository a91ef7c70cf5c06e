import { expect, test } from 'vitest';
import { pathState } from './path';

test.each([
  ['new', 'new', 'connecting'],
  ['connecting', 'checking', 'connecting'],
  // ICE has a pair, DTLS is not done: nothing can flow.
  ['connecting', 'connected', 'connecting'],
  ['connected', 'connected', 'connected'],
  ['connected', 'completed', 'connected'],
  // A restart keeps the old pair alive.
  ['connected', 'checking', 'connected'],
  ['connected', 'disconnected', 'disconnected'],
  ['disconnected', 'checking', 'disconnected'],
  ['connected', 'failed', 'failed'],
  // A certificate that is not the one in the description.
  ['failed', 'connected', 'failed'],
  ['closed', 'closed', 'failed'],
] as const)('a connection that is %s with ICE %s is %s', (connection, ice, state) => {
  expect(pathState(connection, ice)).toBe(state);
});
