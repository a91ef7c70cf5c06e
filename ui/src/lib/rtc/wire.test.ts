import { afterEach, expect, it, vi } from 'vitest';
import { configurationOf, wire } from './wire';

afterEach(() => vi.unstubAllGlobals());

/** As browsers: one URL that is none by RFC 7064 or 7065 refuses the whole configuration. */
class Strict {
  static open = 0;
  constructor(readonly configuration: RTCConfiguration) {
    for (const { urls } of configuration.iceServers ?? []) {
      for (const url of [urls].flat()) {
        if (!/^(stuns?|turns?):[a-z0-9.]+(:\d+)?(\?transport=(udp|tcp))?$/.test(url)) {
          throw new DOMException('no', 'SyntaxError');
        }
      }
    }
    Strict.open += 1;
  }
  close(): void {
    Strict.open -= 1;
  }
  createDataChannel(): object {
    return {};
  }
}

const servers = (...urls: string[]) => [{ urls, username: 'u', credential: 'c' }];

it.each([
  [['stun://relay.example'], []],
  [['stun:relay.example', 'turn:relay.example?transport=sctp'], ['stun:relay.example']],
  [
    ['turn:one.example', 'http://two.example', 'turns:three.example:5349'],
    ['turn:one.example', 'turns:three.example:5349'],
  ],
])('connects without the servers that the browser refuses: %j', (given, taken) => {
  vi.stubGlobal('RTCPeerConnection', Strict);
  Strict.open = 0;
  const opening = { iceServers: servers(...given), relayOnly: false, certificate: null };
  const { connection, refused } = wire(configurationOf(opening));
  const { configuration } = connection as unknown as Strict;
  expect(configuration.iceServers?.flatMap(({ urls }) => urls)).toEqual(taken);
  expect(configuration.iceServers?.every(({ username }) => username === 'u')).toBe(true);
  expect(refused).toEqual(given.filter((url) => !taken.includes(url)));
  expect(Strict.open, 'nothing that was tried stays open').toBe(1);
});
