import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { appBinary, type Desktop } from '../harness/desktop.ts';
import type { Scene } from '../harness/scene.ts';
import { Shop, sign, strangersKey } from '../harness/shop.ts';
import type { Stage } from '../harness/stage.ts';
import { pause, until } from '../harness/waiting.ts';

/** How long a call is watched after everything for an update is there, in ms. */
const STAYS_MS = 5_000;

export const updates: Scene[] = [
  {
    name: 'an update is taken when it is newer and signed as that, and nothing else is',
    async play(stage) {
      const shop = await Shop.start();
      stage.onEnd(() => shop.stop());
      const relay = await stage.relay();
      const { ada } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name);
      replaceable(desktop, stage);
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      const { window, pid } = desktop;
      await window.press('button', 'Settings');
      await window.press('link', 'This app');
      await window.reads('This is the newest version.');

      const before = readFileSync(desktop.binary);
      const parcel = Buffer.concat([before, Buffer.from('newer')]);
      const older = await sign(stage.folder, parcel, '0.0.1');
      shop.offer = { version: '0.0.1', signature: older, parcel };
      await window.press('button', 'Look for updates');
      await window.reads('This is the newest version.');

      const genuine = await sign(stage.folder, parcel, '99.0.0');
      const stranger = await strangersKey(stage.folder);
      const strangers = await sign(stage.folder, parcel, '99.0.0', stranger);
      const spoilt = Buffer.from(parcel);
      spoilt[spoilt.length >> 1]! ^= 1;
      for (const [what, offer] of [
        ['an older one under a newer number', { signature: older, parcel }],
        ['one that was changed on its way', { signature: genuine, parcel: spoilt }],
        ['one that somebody else signed', { signature: strangers, parcel }],
        ['one that is not signed', { signature: '', parcel }],
      ] as const) {
        shop.offer = { version: '99.0.0', ...offer };
        await window.press('button', 'Look for updates');
        await window.press('button', 'Install and restart');
        await window.reads('No update (');
        assert.ok(readFileSync(desktop.binary).equals(before), `${what} is not installed`);
        assert.equal(desktop.pid, pid, 'and the app goes on');
      }

      shop.offer = { version: '99.0.0', signature: genuine, parcel };
      await window.press('button', 'Look for updates');
      await window.reads('Version 99.0.0 is there.');
      shop.broken = true;
      await look(desktop);
      await window.reads('Version 99.0.0 is there.');
      shop.broken = false;
      await window.press('button', 'Install and restart');
      await until('the app was started anew', () => desktop.runs && desktop.pid !== pid);
      assert.ok(readFileSync(desktop.binary).equals(parcel), 'the newer one is installed');
    },
  },
  {
    name: 'an update that is being fetched when a call begins is installed when the call is over',
    async play(stage) {
      const shop = await Shop.start();
      stage.onEnd(() => shop.stop());
      const relay = await stage.relay();
      const { ada, grace } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name);
      replaceable(desktop, stage);
      const before = readFileSync(desktop.binary);
      const parcel = Buffer.concat([before, Buffer.from('newer')]);
      shop.offer = { version: '99.0.0', signature: await sign(stage.folder, parcel, '99.0.0'), parcel };
      let open = (): void => undefined;
      shop.open = new Promise((opened) => (open = opened));
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      const { window, pid } = desktop;
      await until('the way to it tells of it', async () => {
        const settings = await window.find('button', 'Settings');
        return (await settings.getAttribute('title')) === 'Version 99.0.0 waits to be installed.';
      });
      await window.press('button', 'Settings');
      await window.press('link', 'This app');
      await window.press('button', 'Install and restart');
      await window.reads('is being installed');

      const browser = await stage.browser(relay, grace);
      await browser.person.home.open(ada.name);
      await browser.person.home.voiceCall.click();
      await window.press('button', 'Accept');
      await browser.person.call.expectLive();
      open();
      await pause(STAYS_MS);
      assert.equal(desktop.pid, pid, 'the call goes on');
      assert.ok(readFileSync(desktop.binary).equals(before), 'nothing is installed in a call');
      await browser.person.call.hangUp.click();
      await until('the app was started anew', () => desktop.runs && desktop.pid !== pid);
      assert.ok(readFileSync(desktop.binary).equals(parcel), 'the newer one is installed');
    },
  },
];

/** Looks for updates as the app does once a day; returns when it has looked. */
async function look(desktop: Desktop): Promise<void> {
  await desktop.window.driver.executeAsyncScript(
    `const done = arguments[0];
     window.__TAURI_INTERNALS__.invoke('look_for_update').then(done, done);`,
  );
}

/** Has a desktop start an app of its own, which may be replaced. */
function replaceable(desktop: Desktop, stage: Stage): void {
  desktop.binary = join(stage.folder, 'bellwire-desktop');
  copyFileSync(appBinary, desktop.binary);
}
