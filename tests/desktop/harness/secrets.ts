import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path).isFile());
}

/**
 * Files below a folder that hold one of the secrets, in one of the ways in which programs write
 * text down. Gives none of the secrets away.
 */
export function findSecrets(folder: string, secrets: readonly string[]): string[] {
  const needles = secrets.flatMap((secret, number) =>
    spellings(secret).map(([spelling, bytes]) => ({ name: `secret ${number + 1}, ${spelling}`, bytes })),
  );
  return filesBelow(folder).flatMap((path) => {
    const content = readFileSync(path);
    return needles.filter(({ bytes }) => content.includes(bytes)).map(({ name }) => `${path}: ${name}`);
  });
}

function spellings(secret: string): [string, Buffer][] {
  const plain = Buffer.from(secret);
  // The last letters of base64 depend on what follows.
  const base64 = plain.toString('base64').replace(/=+$/, '').slice(0, -1);
  return [
    ['plain', plain],
    ['UTF-16', Buffer.from(secret, 'utf16le')],
    ['base64', Buffer.from(base64)],
    ['hexadecimal', Buffer.from(plain.toString('hex'))],
  ];
}
