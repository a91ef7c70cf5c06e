import assert from 'node:assert/strict';

import type { Relay } from '../../e2e/harness/relay.ts';
import type { Browser } from '../harness/browser.ts';
import type { Desktop } from '../harness/desktop.ts';
import { figures, type Scene } from '../harness/scene.ts';
import { compare, reversed, usualLevel } from '../harness/sound.ts';
import { speech, spoken } from '../harness/speech.ts';
import type { Stage } from '../harness/stage.ts';
import type { Room } from '../harness/room.ts';

/** How alike speech is at the other end at least. */
const ALIKE = 0.5;
/** How much of it comes when it should. */
const IN_PLACE = 0.7;
/** How much quieter somebody hears themselves than the other side's microphone does, in dB. */
const ECHO_DB = 25;
/** After how many sentences the echo is gone at the latest: it is learned, and anew whenever a busy machine loses sound. */
const SENTENCES_TO_LEARN = 6;
/** How many sentences are said until one is heard whole: a busy machine loses a part of one. */
const SENTENCES_TO_HEAR = 3;

export const voice: Scene[] = [
  {
    name: 'a voice call from the desktop to a browser carries speech both ways',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage);
      await desktop.window.press('button', 'Voice call');
      await browser.person.incoming.expectFrom(desktop.name);
      await browser.person.incoming.accept.click();
      await desktop.window.find('button', 'Hang up');
      await hearEachOther(stage, 'desktop to browser', desktop.room, browser.room);
      await desktop.window.press('button', 'Hang up');
      await desktop.window.gone('region', 'Call');
    },
  },
  {
    name: 'a voice call from a browser to the desktop carries speech both ways',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage);
      await browser.person.home.open(desktop.name);
      await browser.person.home.voiceCall.click();
      await desktop.window.press('button', 'Accept');
      await browser.person.call.expectLive();
      await hearEachOther(stage, 'browser to desktop', browser.room, desktop.room);
      await browser.person.call.hangUp.click();
      await desktop.window.gone('region', 'Call');
    },
  },
  {
    name: 'a voice call between two desktops carries speech both ways',
    async play(stage) {
      const { one, other } = await twoDesktops(stage);
      await one.window.press('button', 'Voice call');
      await other.window.press('button', 'Accept');
      await one.window.find('button', 'Hang up');
      await hearEachOther(stage, 'desktop to desktop', one.room, other.room);
      await other.window.press('button', 'Hang up');
      await one.window.gone('region', 'Call');
    },
  },
  {
    name: 'whoever talks to a desktop whose microphone hears its speaker does not hear themselves',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage);
      await voiceCall(desktop, browser);
      await desktop.room.letEcho(80);
      await sentenceThat('echo at the desktop', SENTENCES_TO_LEARN, async () => {
        let returned = 0;
        const echo = await desktop.room.pickUp(async () => {
          returned = usualLevel(await browser.room.hear(() => browser.room.say(speech), 0));
        }, 0);
        assert.ok(usualLevel(echo) > -40, 'the microphone hears the speaker');
        const down = usualLevel(echo) - returned;
        return { right: down >= ECHO_DB, words: `${down.toFixed(1)} dB down` };
      });
    },
  },
];

/** Ada at a desktop and Grace with a browser; Ada looks at their conversation. */
export async function desktopAndBrowser(
  stage: Stage,
  camera = false,
): Promise<{ desktop: Desktop; browser: Browser; relay: Relay }> {
  const relay = await stage.relay();
  const { ada, grace } = await stage.pair(relay);
  const desktop = await stage.desktop(ada.name);
  await desktop.open();
  await desktop.signIn(relay.origin, ada);
  const browser = await stage.browser(relay, grace, camera);
  await desktop.talkTo(grace.name);
  return { desktop, browser, relay };
}

/** The desktop calls, the browser answers; returns when both rooms carry sound. */
export async function voiceCall(desktop: Desktop, browser: Browser): Promise<void> {
  await desktop.window.press('button', 'Voice call');
  await browser.person.incoming.accept.click();
  await desktop.window.find('button', 'Hang up');
  await Promise.all([desktop.room.settle(), browser.room.settle()]);
}

/** Ada and Grace at a desktop each; Ada looks at their conversation. */
export async function twoDesktops(stage: Stage): Promise<{ one: Desktop; other: Desktop }> {
  const relay = await stage.relay();
  const { ada, grace } = await stage.pair(relay);
  const [one, other] = await Promise.all([stage.desktop(ada.name), stage.desktop(grace.name)]);
  for (const [desktop, account] of [[one, ada], [other, grace]] as const) {
    await desktop.open();
    await desktop.signIn(relay.origin, account);
  }
  await one.talkTo(other.name);
  return { one, other };
}

/** What one says comes out of the other's speaker, one after the other. */
export async function hearEachOther(
  stage: Stage,
  call: string,
  one: Room,
  other: Room,
): Promise<void> {
  await Promise.all([one.settle(), other.settle()]);
  for (const [who, from, to] of [['there', one, other], ['back', other, one]] as const) {
    await sentenceThat(`${call}, ${who}`, SENTENCES_TO_HEAR, async () => {
      const heard = await to.hear(() => from.say(speech));
      const said = await spoken(heard.rate, stage.folder);
      const { likeness, inPlace } = compare(said, heard);
      const other = compare(reversed(said), heard);
      assert.ok(other.likeness < ALIKE, `something else is not alike: ${other.likeness.toFixed(2)}`);
      return {
        right: likeness >= ALIKE && inPlace >= IN_PLACE,
        words: `likeness ${likeness.toFixed(2)}, ${Math.round(inPlace * 100)} % in place`,
      };
    });
  }
}

/**
 * Measures sentences until one is right, and fails after `most`. Each goes into the figures: the
 * devices run in real time, and what a busy machine loses of one sentence says nothing about the
 * next. How much is lost is a benchmark's question.
 */
async function sentenceThat(
  what: string,
  most: number,
  measure: () => Promise<{ right: boolean; words: string }>,
): Promise<void> {
  for (let sentence = 1; ; sentence += 1) {
    const { right, words } = await measure();
    figures.push(`${what}: ${words}`);
    if (right) return;
    assert.ok(sentence < most, `${what}: ${words} in sentence ${sentence} still`);
  }
}
