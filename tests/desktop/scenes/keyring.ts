import assert from 'node:assert/strict';

import type { KeyringState } from '../harness/bus.ts';
import type { Scene } from '../harness/scene.ts';
import { filesBelow, findSecrets } from '../harness/secrets.ts';
import type { Stage } from '../harness/stage.ts';

const PASSPHRASE = 'a moth in the relay, taped down';

export const keyring: Scene[] = [
  {
    name: 'without a keyring a passphrase seals the sign-in, and every start asks for it',
    play: (stage) => sealUnderPassphrase(stage, 'none'),
  },
  {
    name: 'with a keyring that stays locked a passphrase seals the sign-in, and every start asks for it',
    play: (stage) => sealUnderPassphrase(stage, 'locked'),
  },
  {
    name: 'a keyring that is locked at one start loses nothing: the next one is signed in again',
    async play(stage) {
      const relay = await stage.relay();
      const { ada } = await stage.pair(relay);
      const desktop = await stage.desktop('ada', 'unlocked');
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      await desktop.window.find('link', 'Grace');
      await desktop.kill();

      await desktop.bus.setKeyring('locked');
      const locked = await desktop.open();
      await locked.find('heading', 'This system keeps no secrets');
      await locked.press('button', 'Go on without keeping anything');
      await locked.find('field', 'Password');
      await desktop.kill();

      await desktop.bus.setKeyring('unlocked');
      await desktop.open();
      await desktop.window.find('link', 'Grace');
    },
  },
  {
    name: 'without a keyring a person may keep nothing: no record on the disk, signed out by a restart',
    async play(stage) {
      const relay = await stage.relay();
      const tap = await stage.wiretap(relay);
      const { ada } = await stage.pair(relay);
      const desktop = await stage.desktop('ada', 'none');
      const window = await desktop.open();
      await window.press('button', 'Go on without keeping anything');
      await desktop.signIn(tap.origin, ada);
      await window.find('link', 'Grace');
      await desktop.kill();

      const { home } = desktop.place;
      const secrets = [ada.password, ...tap.tokens()];
      assert.ok(secrets.length >= 3, 'access and refresh tokens were overheard');
      const records = filesBelow(home).filter((path) => path.includes('/records/'));
      assert.deepEqual(records, [], 'records on the disk');
      assert.deepEqual(findSecrets(home, secrets), [], 'files with a secret in them');

      const again = await desktop.open();
      await again.find('heading', 'This system keeps no secrets');
      await again.press('button', 'Go on without keeping anything');
      await again.find('field', 'Password');
      assert.equal(await again.seen('link', 'Grace'), null, 'nobody is signed in');
    },
  },
];

async function sealUnderPassphrase(stage: Stage, state: KeyringState): Promise<void> {
  const relay = await stage.relay();
  const tap = await stage.wiretap(relay);
  const { ada } = await stage.pair(relay);
  const desktop = await stage.desktop('ada', state);
  let window = await desktop.open();
  await window.find('heading', 'This system keeps no secrets');
  await window.fill('Passphrase', 'short');
  await window.press('button', 'Use this passphrase');
  await window.reads('At least 10 characters');
  await window.fill('Passphrase', PASSPHRASE);
  await window.press('button', 'Use this passphrase');
  await desktop.signIn(tap.origin, ada);
  await window.find('link', 'Grace');
  await desktop.kill();

  window = await desktop.open();
  await window.find('heading', 'Unlock Bellwire');
  await window.fill('Passphrase', `${PASSPHRASE}?`);
  await window.press('button', 'Unlock');
  await window.reads('That is not the passphrase.');
  assert.equal(await window.seen('link', 'Grace'), null, 'a wrong passphrase opens nothing');
  await window.fill('Passphrase', PASSPHRASE);
  await window.press('button', 'Unlock');
  await window.find('link', 'Grace');
  await desktop.kill();

  const secrets = [ada.password, PASSPHRASE, ...tap.tokens()];
  assert.ok(secrets.length >= 4, 'access and refresh tokens were overheard');
  const { home } = desktop.place;
  const records = filesBelow(home).filter((path) => path.includes('/records/passphrase/'));
  assert.notDeepEqual(records, [], 'records are sealed under the passphrase');
  assert.deepEqual(findSecrets(home, secrets), [], 'files with a secret in them');
}
