import type { PathState } from '../bindings';

/**
 * ICE and DTLS together. `connectionState` lags behind `iceConnectionState` in some browsers, so
 * the worse of the two counts.
 */
export function pathState(
  connection: RTCPeerConnectionState,
  ice: RTCIceConnectionState,
): PathState {
  if (connection === 'failed' || connection === 'closed' || ice === 'failed') return 'failed';
  if (connection === 'disconnected' || ice === 'disconnected') return 'disconnected';
  if (connection === 'connected') return 'connected';
  return 'connecting';
}
