/**
 * How large a key frame of VP8 says that its pictures are (RFC 6386, section 9.1); null where it is
 * none.
 */
export function sizeOf(key: Uint8Array): { width: number; height: number } | null {
  const [first = 1, , , a, b, c, w0, w1, h0, h1] = key;
  if ((first & 1) !== 0 || a !== 0x9d || b !== 0x01 || c !== 0x2a) return null;
  if (w0 === undefined || w1 === undefined || h0 === undefined || h1 === undefined) return null;
  // The two highest bits say how to scale.
  return { width: w0 | ((w1 & 0x3f) << 8), height: h0 | ((h1 & 0x3f) << 8) };
}
