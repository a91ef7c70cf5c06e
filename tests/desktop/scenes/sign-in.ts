import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startOf } from '../harness/processes.ts';
import { figures, type Scene } from '../harness/scene.ts';
import { filesBelow, findSecrets } from '../harness/secrets.ts';

export const signIn: Scene[] = [
  {
    name: 'signing in is kept in the keyring: a restart asks for nothing, and no secret is in a file',
    async play(stage) {
      const relay = await stage.relay();
      const tap = await stage.wiretap(relay);
      const { ada } = await stage.pair(relay);
      const desktop = await stage.desktop('ada');

      const window = await desktop.open();
      await window.find('field', 'Relay');
      const took = Math.round(Date.now() - startOf(desktop.pid));
      figures.push(`process start to sign-in screen: ${took} ms, the driver's part included`);
      await desktop.signIn(tap.origin, ada);
      await window.find('link', 'Grace');

      await desktop.kill();
      await desktop.open();
      await desktop.window.find('link', 'Grace');
      assert.equal(await desktop.window.seen('field', 'Password'), null, 'no password is asked for');
      await desktop.kill();

      const tokens = tap.tokens();
      assert.ok(tokens.length >= 2, 'access and refresh tokens were overheard');
      const secrets = [ada.password, ...tokens];
      const { home } = desktop.place;
      const planted = join(stage.folder, 'planted');
      mkdirSync(planted);
      for (const [number, secret] of secrets.entries()) {
        writeFileSync(join(planted, `plain-${number}`), `before ${secret} after`);
        writeFileSync(join(planted, `base64-${number}`), Buffer.from(`${secret} after`).toString('base64'));
      }
      assert.equal(
        new Set(findSecrets(planted, secrets)).size,
        2 * secrets.length,
        'the search finds what is there',
      );
      const files = filesBelow(home);
      assert.ok(files.some((path) => path.includes('records')), `records are kept: ${files.join(' ')}`);
      assert.deepEqual(findSecrets(home, secrets), [], 'files with a secret in them');
    },
  },
  {
    name: 'the address of a relay is checked while it is typed, and says what is wrong with it',
    async play(stage) {
      const relay = await stage.relay();
      const desktop = await stage.desktop('ada');
      const window = await desktop.open();
      await window.fill('Relay', 'http://127.0.0.1:9');
      await window.reads(/cannot be reached/);
      await window.fill('Relay', relay.origin);
      await window.reads(/Bellwire [0-9.]+ answers there/);
      await window.fill('Username', 'nobody');
      await window.fill('Password', 'not the password');
      await window.press('button', 'Sign in');
      await window.reads('Username or password is wrong.');
    },
  },
];
