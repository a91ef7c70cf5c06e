/** What the page did with media so far. */
export interface MediaUse {
  /** Peer connections made. */
  connections: number;
  /** Calls of `getUserMedia`. */
  captures: number;
  /** Those that asked for a camera. */
  cameraCaptures: number;
}

export interface Probe extends MediaUse {
  /** Peer connections that are not closed. */
  open: RTCPeerConnection[];
  context: AudioContext | null;
  taps: Map<MediaStreamTrack, AnalyserNode>;
}

declare global {
  interface Window {
    bellwireProbe: Probe;
  }
}

/**
 * Runs in every page before its own scripts: counts peer connections and captures, and says
 * policy violations on the console, where the watch hears them.
 */
export function installProbe(): void {
  const probe: Probe = {
    connections: 0,
    captures: 0,
    cameraCaptures: 0,
    open: [],
    context: null,
    taps: new Map(),
  };
  window.bellwireProbe = probe;

  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = new Proxy(Real, {
    construct(target, parameters, newTarget) {
      const connection = Reflect.construct(target, parameters, newTarget) as RTCPeerConnection;
      probe.connections += 1;
      probe.open.push(connection);
      return connection;
    },
  });

  if ('mediaDevices' in navigator) {
    const devices = navigator.mediaDevices;
    const capture = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) => {
      probe.captures += 1;
      if (constraints?.video) probe.cameraCaptures += 1;
      return capture(constraints);
    };
  }

  document.addEventListener('securitypolicyviolation', (event) => {
    console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
  });
}
