import type { IceServer } from '../bindings';
import { trace } from '../trace';

/** What a peer is made of. */
export interface Opening {
  iceServers: IceServer[];
  relayOnly: boolean;
  certificate: RTCCertificate | null;
}

/** A connection with its two channels, as every peer has them. */
export interface Wire {
  readonly connection: RTCPeerConnection;
  readonly control: RTCDataChannel;
  readonly chat: RTCDataChannel;
  /** Addresses of servers that this browser refuses; the connection does without them. */
  readonly refused: readonly string[];
}

/** Makes one, on which nothing is negotiated. */
export function wire(configuration: RTCConfiguration): Wire {
  const { connection, refused } = connect(configuration);
  const control = connection.createDataChannel('control', {
    negotiated: true,
    id: 0,
    ordered: false,
    maxRetransmits: 0,
  });
  const chat = connection.createDataChannel('chat', { negotiated: true, id: 1 });
  return { connection, control, chat, refused };
}

/** One server that the browser refuses never stops a call: the call goes on without that one. */
function connect(configuration: RTCConfiguration): Pick<Wire, 'connection' | 'refused'> {
  try {
    return { connection: new RTCPeerConnection(configuration), refused: [] };
  } catch {
    const { taken, refused } = sorted(configuration);
    return { connection: new RTCPeerConnection(taken), refused };
  }
}

/** A configuration as far as this browser takes it, and the servers' addresses that it refuses. */
export interface Sorted {
  taken: RTCConfiguration;
  refused: string[];
}

/** Tries each server of a configuration that was refused whole. */
export function sorted(configuration: RTCConfiguration): Sorted {
  const each = (configuration.iceServers ?? []).flatMap(({ urls, ...rest }) =>
    [urls].flat().map((url) => ({ ...rest, urls: [url] })),
  );
  const iceServers = each.filter(isTaken);
  const refused = each.filter((server) => !iceServers.includes(server)).flatMap(({ urls }) => urls);
  trace(`ice servers that this browser refuses: ${refused.length}`);
  return { taken: { ...configuration, iceServers }, refused };
}

function isTaken(server: RTCIceServer): boolean {
  try {
    new RTCPeerConnection({ iceServers: [server] }).close();
    return true;
  } catch {
    return false;
  }
}

export function configurationOf({ iceServers, relayOnly, certificate }: Opening): RTCConfiguration {
  return {
    bundlePolicy: 'max-bundle',
    rtcpMuxPolicy: 'require',
    iceTransportPolicy: relayOnly ? 'relay' : 'all',
    iceServers: iceServers.map(({ urls, username, credential }) => ({
      urls,
      ...(username && { username }),
      ...(credential && { credential }),
    })),
    ...(certificate && { certificates: [certificate] }),
  };
}
