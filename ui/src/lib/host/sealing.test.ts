// @vitest-environment node
import { expect, test } from 'vitest';
import { makeKey, seal, unseal } from './sealing';

const TEXT = '{"record":"sign_in","value":null}';

test('what was sealed opens under its name', async () => {
  const key = await makeKey();
  expect(await unseal(key, 'sign_in', await seal(key, 'sign_in', TEXT))).toBe(TEXT);
});

test('it opens under no other name, with no other key, and not altered', async () => {
  const key = await makeKey();
  const sealed = await seal(key, 'sign_in', TEXT);
  await expect(unseal(key, 'settings', sealed)).rejects.toThrow();
  await expect(unseal(await makeKey(), 'sign_in', sealed)).rejects.toThrow();
  new Uint8Array(sealed.sealed).fill(0, 0, 4);
  await expect(unseal(key, 'sign_in', sealed)).rejects.toThrow();
});

test('the same text never looks the same', async () => {
  const key = await makeKey();
  const [one, two] = [await seal(key, 'a', TEXT), await seal(key, 'a', TEXT)];
  expect(one.nonce).not.toEqual(two.nonce);
  expect(new Uint8Array(one.sealed)).not.toEqual(new Uint8Array(two.sealed));
});

test('no script can read the key', async () => {
  await expect(crypto.subtle.exportKey('raw', await makeKey())).rejects.toThrow();
});
