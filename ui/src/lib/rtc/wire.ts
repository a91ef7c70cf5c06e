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
}

/** Makes one, on which nothing is negotiated. */
export function wire(configuration: RTCConfiguration): Wire {
  const connection = connect(configuration);
  const control = connection.createDataChannel('control', {
    negotiated: true,
    id: 0,
    ordered: false,
    maxRetransmits: 0,
  });
  const chat = connection.createDataChannel('chat', { negotiated: true, id: 1 });
  return { connection, control, chat };
}

/** One server that the browser refuses never stops a call: the call goes on without that one. */
function connect(configuration: RTCConfiguration): RTCPeerConnection {
  try {
    return new RTCPeerConnection(configuration);
  } catch {
    return new RTCPeerConnection(withoutRefused(configuration));
  }
}

/** The configuration with the servers alone that this browser takes. */
export function withoutRefused(configuration: RTCConfiguration): RTCConfiguration {
  const each = (configuration.iceServers ?? []).flatMap(({ urls, ...rest }) =>
    [urls].flat().map((url) => ({ ...rest, urls: [url] })),
  );
  const iceServers = each.filter(isTaken);
  trace(`ice servers that this browser refuses: ${each.length - iceServers.length}`);
  return { ...configuration, iceServers };
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
