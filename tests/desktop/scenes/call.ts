import assert from 'node:assert/strict';

import type { Scene } from '../harness/scene.ts';
import { usualLevel } from '../harness/sound.ts';
import { speech } from '../harness/speech.ts';
import { until } from '../harness/waiting.ts';
import { desktopAndBrowser, hearEachOther, voiceCall } from './voice.ts';

/** Quieter than this is silence, in dB below full scale. */
const SILENCE_DB = -60;

export const call: Scene[] = [
  {
    name: 'mute, messages, and a page that is loaded anew in the middle of a call; the call is remembered',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage);
      const { window } = desktop;
      const { person } = browser;
      await voiceCall(desktop, browser);

      await window.press('button', 'Mute');
      await person.call.region.getByText('muted').first().waitFor();
      const muted = await browser.room.hear(() => desktop.room.say(speech));
      assert.ok(usualLevel(muted) < SILENCE_DB, `muted, ${usualLevel(muted).toFixed(0)} dB are heard`);
      await window.press('button', 'Mute');

      await window.press('button', 'Chat');
      await window.fill('Message', 'Taped into the log book.');
      await window.press('button', 'Send');
      await person.call.write('First actual case of a bug being found.');
      await person.call.messages.getByText('log book').waitFor();
      await window.reads('First actual case');

      const { pid } = desktop;
      await window.driver.navigate().refresh();
      await until('the page is back in the call', () => window.seen('button', 'Hang up'));
      assert.equal(desktop.pid, pid, 'the program went on');
      await hearEachOther(stage, 'after the page was loaded anew', desktop.room, browser.room);
      await window.press('button', 'Hang up');
      await person.call.region.waitFor({ state: 'hidden' });
      await window.press('tab', 'Calls');
      await window.reads(/Voice call, \d+:\d\d/);
    },
  },
];
