import { LinkifyIt } from 'linkify-it';

/** A piece of a message: text, or an address with what is drawn for it. */
export interface Part {
  text: string;
  /** Where it leads; null for text. */
  href: string | null;
}

/** Addresses that say their scheme. Words such as `readme.md` or `v1.20` are none. */
const linkify = new LinkifyIt({ fuzzyEmail: false, fuzzyLink: false, urlAuth: true });
for (const scheme of ['ftp:', 'mailto:', '//']) linkify.add(scheme, null);

/** What is not seen, or turns what follows around. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/u;

/** Cuts a message where links begin and end. Put together it is the message, but for what hosts hide. */
export function partsOf(message: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const { index, lastIndex, raw } of linkify.match(message) ?? []) {
    const link = linkOf(raw);
    if (!link) continue;
    if (index > at) parts.push({ text: message.slice(at, index), href: null });
    parts.push(link);
    at = lastIndex;
  }
  if (at < message.length || parts.length === 0) {
    parts.push({ text: message.slice(at), href: null });
  }
  return parts;
}

/**
 * A link shows where it leads: a host that is written otherwise than it is looked up (other alphabets,
 * look-alikes, numbers) is drawn as it is looked up. With a name before the host it is no link: one
 * reads `https://bank.example@elsewhere.example` as a bank's.
 */
function linkOf(raw: string): Part | null {
  if (UNSEEN.test(raw) || raw.includes('\\')) return null;
  const url = URL.canParse(raw) ? new URL(raw) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return null;
  if (url.host === '' || url.username !== '' || url.password !== '') return null;
  const written = /^https?:\/\/([^/?#]*)/i.exec(raw);
  if (!written) return null;
  const [start, host = ''] = written;
  if (host.includes('@')) return null;
  const plain = host.toLowerCase().replace(/:(80|443)$/, '') === url.host.replace(/:(80|443)$/, '');
  const text = plain ? raw : `${url.protocol}//${url.host}${raw.slice(start.length)}`;
  return { text, href: url.href };
}
