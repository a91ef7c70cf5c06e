import assert from 'node:assert/strict';

import type { Scene } from '../harness/scene.ts';
import { longestGap } from '../harness/sound.ts';
import { speech } from '../harness/speech.ts';
import { until } from '../harness/waiting.ts';
import { desktopAndBrowser, hearEachOther, voiceCall } from './voice.ts';

/** Speech is louder than this, what is between two words is not, in dB below full scale. */
const SILENCE_DB = -50;

export const trouble: Scene[] = [
  {
    name: 'when the relay dies in a call the sound goes on, and the app finds the relay again',
    async play(stage) {
      const { desktop, browser, relay } = await desktopAndBrowser(stage);
      await voiceCall(desktop, browser);
      await relay.kill();
      await desktop.window.reads('Your call goes on');
      await hearEachOther(stage, 'without a relay', desktop.room, browser.room);
      await relay.restart();
      await until('the relay is there again', async () =>
        !(await desktop.window.text()).includes('Your call goes on'),
      );
      await desktop.window.press('button', 'Hang up');
      await browser.person.call.region.waitFor({ state: 'hidden' });
    },
  },
  {
    name: 'a microphone that is unplugged in a call is missed in words, and used again when it is back',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage);
      await voiceCall(desktop, browser);
      await desktop.room.unplugMicrophone();
      await desktop.window.reads('Your microphone was unplugged');
      const unplugged = await browser.room.hear(() => desktop.room.say(speech));
      assert.ok(
        longestGap(unplugged, SILENCE_DB) > 9_000,
        'nothing is heard, the desktop’s own speaker neither',
      );
      await desktop.room.plugMicrophone();
      await until('nothing is missed', async () =>
        !(await desktop.window.text()).includes('Your microphone was unplugged'),
      );
      await hearEachOther(stage, 'another microphone', desktop.room, browser.room);
    },
  },
];
