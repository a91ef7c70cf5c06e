import assert from 'node:assert/strict';

import { befriend, makeAccount, type Account } from '../../e2e/harness/account.ts';
import type { Relay } from '../../e2e/harness/relay.ts';
import type { Browser } from '../harness/browser.ts';
import type { Desktop } from '../harness/desktop.ts';
import type { Note, Panel } from '../harness/panel.ts';
import { figures, type Scene } from '../harness/scene.ts';
import { usualLevel } from '../harness/sound.ts';
import type { Stage } from '../harness/stage.ts';
import { pause, until } from '../harness/waiting.ts';
import { voiceCall } from './voice.ts';

const CALLING = 'Grace is calling';
/** What the ringing window is called. */
const RING_WINDOW = 'Incoming call';
/** Where Accept is in it, in shares of its width and height. */
const ACCEPT = [0.8, 0.72] as const;
/** How long signs of a call may stay after it was answered elsewhere, in ms. */
const AT_ONCE_MS = 1_000;
/** A ringtone is louder than this, in dB below full scale. */
const RINGTONE_DB = -50;

export const ringing: Scene[] = [
  {
    name: 'with its window closed the app rings: a notification, a small window without the focus, a sound; Accept answers',
    async play(stage) {
      const { desktop, panel, browser } = await closedDesktop(stage);
      const other = await desktop.display.distract();
      await call(browser, desktop);
      const note = await panel.note('call.incoming');
      assert.equal(note.title, CALLING);
      assert.deepEqual(note.actions.slice(-4), ['accept', 'Accept', 'decline', 'Decline']);
      assert.equal(note.urgency, 2, 'it is critical');
      await until('the ringing window', async () => (await ringWindows(desktop)).length === 1);
      const heard = await desktop.room.hear(() => pause(3_000), 0);
      assert.ok(usualLevel(heard) > RINGTONE_DB, `it sounds: ${usualLevel(heard).toFixed(0)} dB`);
      assert.equal(await desktop.display.focused(), other, 'the focus stayed where it was');
      assert.deepEqual(await desktop.display.visible('Bellwire'), [], 'the main window stays closed');

      panel.press(note, 'accept');
      await browser.person.call.expectLive();
      await panel.gone(note);
      await until('no ringing window', async () => (await ringWindows(desktop)).length === 0);
      await desktop.window.find('button', 'Hang up');
      await desktop.window.press('button', 'Hang up');
      await browser.person.call.region.waitFor({ state: 'hidden' });
    },
  },
  {
    name: 'Decline in the notification declines, and the window stays closed',
    async play(stage) {
      const { desktop, panel, browser } = await closedDesktop(stage);
      await call(browser, desktop);
      const note = await panel.note('call.incoming');
      panel.press(note, 'decline');
      await browser.person.page.getByText('Ada declined').locator('visible=true').first().waitFor();
      await panel.gone(note);
      await until('no ringing window', async () => (await ringWindows(desktop)).length === 0);
      assert.deepEqual(await desktop.display.visible('Bellwire'), [], 'the main window stays closed');
    },
  },
  {
    name: 'answering in a browser takes the notification, the ringing window and the sound away at once',
    async play(stage) {
      const { desktop, panel, browser, relay, ada } = await closedDesktop(stage);
      const own = await stage.browser(relay, ada);
      await call(browser, desktop);
      const note = await panel.note('call.incoming');
      await until('the ringing window', async () => (await ringWindows(desktop)).length === 1);
      const pressed = Date.now();
      await own.person.incoming.accept.click();
      await until('no ringing window', async () => (await ringWindows(desktop)).length === 0);
      const window = Date.now() - pressed;
      const notification = (await panel.gone(note)) * 1_000 - pressed;
      figures.push(
        `answered elsewhere: notification gone after ${Math.round(notification)} ms, window after ${window} ms`,
      );
      assert.ok(notification < AT_ONCE_MS, `the notification stayed ${notification} ms`);
      assert.ok(window < AT_ONCE_MS, `the ringing window stayed ${window} ms`);
      const heard = await desktop.room.hear(() => pause(2_000), 0);
      assert.ok(usualLevel(heard) < RINGTONE_DB, 'nothing sounds any more');
      await browser.person.call.expectLive();
    },
  },
  {
    name: 'a call that was missed leaves a notification, and that opens the conversation',
    async play(stage) {
      const { desktop, panel, browser } = await closedDesktop(stage);
      await desktop.window.press('tab', 'Calls');
      await call(browser, desktop);
      const ring = await panel.note('call.incoming');
      await browser.person.call.cancel.click();
      await panel.gone(ring);
      await until('no ringing window', async () => (await ringWindows(desktop)).length === 0);
      const note = await panel.note('im.received');
      assert.match(`${note.title} ${note.body}`, /Missed call.*Grace|Grace.*Missed call/);
      panel.press(note, 'default');
      await until('the main window', async () => (await desktop.display.visible('Bellwire')).length === 1);
      await desktop.window.find('button', 'Voice call');
      await desktop.window.reads('Grace');
    },
  },
  {
    name: 'do not disturb, switched on in the tray, leaves the caller waiting and this side quiet',
    async play(stage) {
      const { desktop, panel, browser } = await closedDesktop(stage);
      panel.pick('Do not disturb', desktop.pid);
      await desktop.window.reads('Do not disturb');
      await call(browser, desktop);
      const heard = await desktop.room.hear(() => pause(3_000), 0);
      assert.ok(usualLevel(heard) < RINGTONE_DB, 'nothing sounds');
      assert.deepEqual(
        panel.notes().filter(({ category }) => category === 'call.incoming'),
        [],
        'no notification of a call',
      );
      assert.deepEqual(await ringWindows(desktop), [], 'no ringing window');
    },
  },
  {
    name: 'where notifications have no buttons the ringing window is answered with',
    async play(stage) {
      const { desktop, panel, browser } = await closedDesktop(stage, 'body');
      await call(browser, desktop);
      const note = await panel.note('call.incoming');
      assert.equal(note.title, CALLING);
      assert.deepEqual(note.actions, [], 'nothing is offered that cannot be pressed');
      const window = await until('the ringing window', async () => (await ringWindows(desktop))[0]);
      // What it shows comes after the window.
      await until('its buttons', () => desktop.display.lettered(window, ...ACCEPT));
      await desktop.display.click(window, ...ACCEPT);
      await browser.person.call.expectLive();
      await panel.gone(note);
      await until('no ringing window', async () => (await ringWindows(desktop)).length === 0);
      await desktop.window.find('button', 'Hang up');
    },
  },
  {
    name: 'while the screen is shared nothing on it says who calls',
    async play(stage) {
      const relay = await stage.relay();
      const { ada, grace } = await stage.pair(relay);
      const charles = await makeAccount(relay, 'Charles');
      await befriend(relay, ada, charles);
      const desktop = await stage.desktop(ada.name);
      const panel = await desktop.addPanel();
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      const browser = await stage.browser(relay, grace);
      await desktop.talkTo(grace.name);
      await voiceCall(desktop, browser);
      await desktop.window.press('button', 'Share screen');
      await browser.person.call.video(`Screen of ${desktop.name}`).waitFor();
      await desktop.display.distract();

      const other = await stage.browser(relay, charles);
      await call(other, desktop);
      await other.person.page.getByText('Ada is in another call').locator('visible=true').first().waitFor();
      await pause(2_000);
      assert.deepEqual(panel.notes(), [], 'no notification');
      assert.deepEqual(await ringWindows(desktop), [], 'no ringing window');
      assert.ok(await desktop.window.seen('button', 'Hang up'), 'and the call goes on');
    },
  },
  {
    name: 'quitting in the tray ends the app, and the next start is signed in',
    async play(stage) {
      const { desktop, panel } = await closedDesktop(stage);
      const { pid } = desktop;
      panel.pick('Quit Bellwire', pid);
      await until('the app has ended', () => !desktop.runs);
      await desktop.kill();
      await desktop.open();
      await desktop.window.find('link', 'Grace');
    },
  },
];

/** Ada's desktop in the tray with its window closed, and Grace with a browser. */
async function closedDesktop(
  stage: Stage,
  abilities?: string,
): Promise<{
  desktop: Desktop;
  panel: Panel;
  browser: Browser;
  relay: Relay;
  ada: Account;
}> {
  const relay = await stage.relay();
  const { ada, grace } = await stage.pair(relay);
  const desktop = await stage.desktop(ada.name);
  const panel = await desktop.addPanel(abilities);
  await desktop.open();
  await desktop.signIn(relay.origin, ada);
  await panel.trayed();
  await desktop.closeWindow();
  const browser = await stage.browser(relay, grace);
  return { desktop, panel, browser, relay, ada };
}

async function call(browser: Browser, desktop: Desktop): Promise<void> {
  await browser.person.home.open(desktop.name);
  await browser.person.home.voiceCall.click();
}

function ringWindows(desktop: Desktop): Promise<string[]> {
  return desktop.display.visible(RING_WINDOW);
}
