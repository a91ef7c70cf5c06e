/** Up to two letters that stand for a name: of its first and last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = words[0] ?? '';
  const last = words.length > 1 ? (words[words.length - 1] ?? '') : '';
  return (letter(first) + letter(last)).toLocaleUpperCase();
}

function letter(word: string): string {
  return [...word].find((sign) => /[\p{L}\p{N}]/u.test(sign)) ?? '';
}

/**
 * A hue in degrees that stays the same for the same text. FNV-1a spreads ids that differ in few
 * characters; twelve steps keep neighbours apart for the eye.
 */
export function hue(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return ((hash >>> 0) % 12) * 30 + 15;
}
