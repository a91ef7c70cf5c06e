import { describe, expect, it } from 'vitest';
import { partsOf } from './links';

const links = (message: string) => partsOf(message).filter(({ href }) => href !== null);
const whole = (message: string) =>
  partsOf(message)
    .map(({ text }) => text)
    .join('');

describe('links in a message', () => {
  it.each([
    ['see https://example.org/a?b=c#d', 'https://example.org/a?b=c#d'],
    ['(https://example.org/wiki/Call_(film))', 'https://example.org/wiki/Call_(film)'],
    ['https://example.org/a.', 'https://example.org/a'],
    ['https://example.org/a, and', 'https://example.org/a'],
    ['“https://example.org/a”!', 'https://example.org/a'],
    ['<https://example.org/>', 'https://example.org/'],
    ['is it https://example.org?', 'https://example.org'],
    ['HTTPS://Example.org/A', 'HTTPS://Example.org/A'],
    ['http://192.168.1.5:8470/join/x', 'http://192.168.1.5:8470/join/x'],
    ['http://localhost:8470/', 'http://localhost:8470/'],
    ['你好 https://example.org/路 再见', 'https://example.org/路'],
    ['one\nhttps://example.org/a\ntwo', 'https://example.org/a'],
  ])('end where the address does: %s', (message, link) => {
    expect(links(message).map(({ text }) => text)).toEqual([link]);
    expect(whole(message)).toBe(message);
  });

  it('are as many as there are', () => {
    const message = 'https://a.example/1 https://b.example/2, https://c.example/3';
    expect(links(message)).toHaveLength(3);
    expect(whole(message)).toBe(message);
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt://example.org/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'ftp://example.org/',
    'mailto:ada@example.org',
    'ada@example.org',
    '//example.org/x',
    'tel:110',
    'bellwire://relay/example.org',
    'smb://example.org/share',
    'view-source:https2://example.org',
    'example.org',
    'readme.md v1.20',
    'https://',
    'https:// example.org',
    'https:///example',
    'http://%00/',
    '<img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">https</a>',
  ])('are no other schemes and no guesses: %s', (message) => {
    expect(links(message)).toEqual([]);
    expect(whole(message)).toBe(message);
  });

  it.each([
    ['a name that passes for a host', 'https://bank.example@elsewhere.example/'],
    ['a word too', 'https://bank.example:443@elsewhere.example/'],
    ['an encoded one', 'https://bank.example%2F@elsewhere.example/'],
    ['an empty one', 'https://@elsewhere.example/'],
    ['a turn to the left', 'https://example.org/\u202Egpj.exe'],
    ['a turned host', 'https://\u202Egro.elpmaxe\u202C/'],
    ['an isolate', 'https://example.org/\u2067x\u2069'],
    ['a mark', 'https://exam\u200Eple.org/'],
    ['what has no width', 'https://exam\u200Bple.org/'],
    ['a joiner', 'https://exam\u2060ple.org/'],
    ['a soft hyphen', 'https://exam\u00ADple.org/'],
    ['a filler', 'https://example.org/\u3164x'],
    ['a backslash', 'https://bank.example\\@elsewhere.example/'],
  ])('lead nowhere with %s', (_what, message) => {
    for (const { href } of links(message)) {
      // What comes before it may be an address of its own.
      expect(href).not.toMatch(/elsewhere|elpmaxe/);
    }
    expect(links(message).filter(({ text }) => /[^\x21-\x7e]/.test(text))).toEqual([]);
    expect(links(message).filter(({ text }) => text.includes('bank'))).toEqual([]);
    expect(whole(message)).toBe(message);
  });

  it.each([
    ['https://аррӏе.com/x', 'https://xn--80ak6aa92e.com/x'],
    ['https://bücher.example/ä', 'https://xn--bcher-kva.example/ä'],
    ['https://ｅｘａｍｐｌｅ.org/', 'https://example.org/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['http://2130706433/', 'http://127.0.0.1/'],
  ])('show the host that is looked up: %s', (message, shown) => {
    expect(links(message).map(({ text }) => text)).toEqual([shown]);
    const [link] = links(message);
    expect(new URL(link?.href ?? '').host).toBe(new URL(shown).host);
  });

  it('are found in time that grows no faster than the message', () => {
    const hostile = [
      'http://('.repeat(500),
      'https://a.'.repeat(400),
      `http://${'a-'.repeat(1990)}`,
    ];
    for (const message of hostile) expect(whole(message)).toBe(message);
  });
});
