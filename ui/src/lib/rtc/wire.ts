import type { IceServer } from '../bindings';

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
  const connection = new RTCPeerConnection(configuration);
  const control = connection.createDataChannel('control', {
    negotiated: true,
    id: 0,
    ordered: false,
    maxRetransmits: 0,
  });
  const chat = connection.createDataChannel('chat', { negotiated: true, id: 1 });
  return { connection, control, chat };
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
