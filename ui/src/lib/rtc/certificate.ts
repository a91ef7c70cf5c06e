/** Renewed this long before it expires, in ms: longer than any call that starts with it. */
const MARGIN_MS = 24 * 60 * 60 * 1000;

/** Keeps a DTLS certificate ready, so that opening a connection does not wait for a key pair. */
export interface Certificates {
  /** The certificate, unless it is still being made. */
  current(): RTCCertificate | null;
}

/** Starts making one. */
export function certificates(): Certificates {
  let ready: RTCCertificate | null = null;
  const make = (): void => {
    RTCPeerConnection.generateCertificate({
      name: 'ECDSA',
      namedCurve: 'P-256',
    } as EcKeyGenParams).then(
      (certificate) => (ready = certificate),
      // A connection without one makes its own.
      () => (ready = null),
    );
  };
  make();
  return {
    current() {
      if (ready && ready.expires < Date.now() + MARGIN_MS) {
        ready = null;
        make();
      }
      return ready;
    },
  };
}
