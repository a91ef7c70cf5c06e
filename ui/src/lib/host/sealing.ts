/** A record as it is kept: AES-256-GCM under a key that no script can read. */
export interface Sealed {
  nonce: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

/** The recommended nonce of GCM, in bytes (NIST SP 800-38D section 5.2.1.1). */
const NONCE_BYTES = 12;

/** A key for this browser profile. It cannot be exported. */
export function makeKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** Seals a text to its name: it opens under no other. */
export async function seal(key: CryptoKey, name: string, text: string): Promise<Sealed> {
  // Random nonces are safe for 2^32 records a key (same document, section 8.3).
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(parametersOf(nonce, name), key, bytesOf(text));
  return { nonce, sealed };
}

/** Opens what {@link seal} sealed; rejects for anything else. */
export async function unseal(
  key: CryptoKey,
  name: string,
  { nonce, sealed }: Sealed,
): Promise<string> {
  const bytes = await crypto.subtle.decrypt(parametersOf(nonce, name), key, sealed);
  return new TextDecoder().decode(bytes);
}

function parametersOf(nonce: Uint8Array<ArrayBuffer>, name: string): AesGcmParams {
  return { name: 'AES-GCM', iv: nonce, additionalData: bytesOf(name) };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
