/** Renewed this long before it expires, in ms: longer than any call that starts with it. */
const MARGIN_MS = 24 * 60 * 60 * 1000;

/**
 * Keeps a DTLS certificate ready, so that opening a connection does not wait for a key pair. Each is
 * good for one connection: its fingerprint is in the description, and one that came twice would tell
 * whoever carries descriptions which calls were made by the same device.
 */
export interface Certificates {
  /** A certificate that was given to nobody, unless it is still being made. */
  take(): RTCCertificate | null;
}

/** Starts making one. */
export function certificates(): Certificates {
  let ready: RTCCertificate | null = null;
  let making = false;
  const make = (): void => {
    if (making) return;
    making = true;
    RTCPeerConnection.generateCertificate({
      name: 'ECDSA',
      namedCurve: 'P-256',
    } as EcKeyGenParams)
      .then(
        (certificate) => (ready = certificate),
        // A connection without one makes its own.
        () => (ready = null),
      )
      .finally(() => (making = false));
  };
  make();
  return {
    take() {
      const taken = ready;
      ready = null;
      make();
      return taken && taken.expires >= Date.now() + MARGIN_MS ? taken : null;
    },
  };
}
