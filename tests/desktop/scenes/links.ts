import assert from 'node:assert/strict';

import type { Scene } from '../harness/scene.ts';
import { pause, until } from '../harness/waiting.ts';
import { desktopAndBrowser } from './voice.ts';

/** What a hostile page may hand to the system; none of it means anything to the app. */
const HOSTILE = [
  'bellwire://call/',
  'bellwire://call/grace/settings',
  'bellwire://call/grace?accept=1',
  'bellwire://call/grace#voice',
  'bellwire://call/<img src=x onerror=alert(1)>',
  'bellwire://call/%67race%00',
  'bellwire://answer/grace',
  'bellwire://hangup/grace',
  'bellwire://sign-out/',
  'bellwire://user:password@call/grace',
  'bellwire://call:8080/grace',
  'bellwire://relay/javascript:alert(1)',
  'bellwire://relay/user:password@relay.example',
  'bellwire://relay/relay.example/../../etc/passwd',
  `bellwire://call/${'g'.repeat(5_000)}`,
  'BELLWIRE:call/grace',
  'file:///etc/passwd',
  'https://relay.example/call/grace',
];

export const links: Scene[] = [
  {
    name: 'a link that names somebody opens a question, and calls only when it is answered',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage);
      const { window } = desktop;
      const follow = async (link: string): Promise<void> => {
        const second = desktop.startAgain(link);
        stage.onEnd(() => second.end());
        await until('the second start has ended', () => second.ended);
      };
      await follow(`bellwire://call/${browser.person.account.username}`);
      await window.find('dialog', 'Call from a link');
      await window.reads('Nobody is called until you choose.');
      await pause(1_000);
      assert.ok(!(await browser.person.incoming.dialog.isVisible()), 'nothing rings at the other side');
      await window.press('button', 'Cancel');
      await window.gone('dialog', 'Call from a link');

      await follow('bellwire://relay/relay.example');
      await window.find('dialog', 'Relay from a link');
      await window.reads('You are signed in at');
      const use = await window.seen('button', 'Use this relay');
      assert.ok(use === null, 'it cannot be changed from here');
      await window.press('button', 'Close');

      for (const link of HOSTILE) {
        await follow(link);
        await pause(200);
        for (const dialog of ['Call from a link', 'Relay from a link']) {
          assert.ok((await window.seen('dialog', dialog)) === null, `${dialog}: ${link}`);
        }
      }
      await window.find('region', 'Conversations');
      assert.ok(!(await browser.person.incoming.dialog.isVisible()), 'nothing rang');

      await follow(`bellwire://call/${browser.person.account.username}`);
      await window.find('dialog', 'Call from a link');
      await window.press('button', 'Voice call');
      await browser.person.incoming.expectFrom(desktop.name);
    },
  },
  {
    name: 'a link starts the app, which asks before anything of it is used',
    async play(stage) {
      const desktop = await stage.desktop('ada');
      const window = await desktop.open('bellwire://relay/relay.example');
      await window.find('dialog', 'Relay from a link');
      await window.reads('Your password would go there.');
      await window.press('button', 'Cancel');
      await window.gone('dialog', 'Relay from a link');
      await window.find('field', 'Relay');
      assert.ok(!(await window.text()).includes('relay.example'), 'nothing of it stays');
    },
  },
];
