import assert from 'node:assert/strict';

import type { CallScreen } from '../../e2e/pages/call.ts';
import { listening } from '../harness/processes.ts';
import { figures, type Scene } from '../harness/scene.ts';
import { longestGap } from '../harness/sound.ts';
import { speech } from '../harness/speech.ts';
import { pause, until } from '../harness/waiting.ts';
import type { Window } from '../harness/window.ts';
import { desktopAndBrowser, twoDesktops, voiceCall } from './voice.ts';

/** Pictures a second that both sides must see; what they are made for is for the benchmark. */
const MOVING_FPS = 10;
/** How long a page may take to show pictures again after its process died, in ms. */
const BACK_MS = 3_000;

/** A picture in a browser. */
type Locator = ReturnType<CallScreen['video']>;

export const video: Scene[] = [
  {
    name: 'a video call from the desktop to a browser shows moving pictures at both sides',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage, true);
      await desktop.window.press('button', 'Video call');
      await browser.person.incoming.accept.click();
      await moves('desktop to browser', desktop.window, browser.name, browser.person.call.video(desktop.name));
      assert.deepEqual(listening(desktop.pid), [], 'nobody else can knock while pictures cross');
      await desktop.window.press('button', 'Camera');
      await until('the browser sees no picture', async () =>
        !(await browser.person.call.video(desktop.name).isVisible()),
      );
      await desktop.window.press('button', 'Camera');
      await moves('with the camera on again', desktop.window, browser.name, browser.person.call.video(desktop.name));
      await desktop.window.press('button', 'Hang up');
      await browser.person.call.region.waitFor({ state: 'hidden' });
    },
  },
  {
    name: 'a video call from a browser to the desktop shows moving pictures at both sides',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage, true);
      await browser.person.home.open(desktop.name);
      await browser.person.home.videoCall.click();
      await desktop.window.press('button', 'Accept');
      await moves('browser to desktop', desktop.window, browser.name, browser.person.call.video(desktop.name));
      await browser.person.call.hangUp.click();
      await desktop.window.gone('region', 'Call');
    },
  },
  {
    name: 'a video call between two desktops shows moving pictures at both sides',
    async play(stage) {
      const { one, other } = await twoDesktops(stage);
      await one.window.press('button', 'Video call');
      await other.window.press('button', 'Accept');
      await Promise.all([
        moving('desktop to desktop, there', () => other.window.frames(one.name)),
        moving('desktop to desktop, back', () => one.window.frames(other.name)),
      ]);
    },
  },
  {
    name: 'with the window closed in a video call the other side sees on, and nothing is painted until it is back',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage, true);
      await desktop.window.press('button', 'Video call');
      await browser.person.incoming.accept.click();
      const seen = browser.person.call.video(desktop.name);
      await moves('before', desktop.window, browser.name, seen);
      await desktop.closeWindow();
      // What was on its way may still be painted.
      await pause(1_000);
      const before = await desktop.window.frames(browser.name);
      await moving('of a closed window', () => framesOf(seen));
      assert.equal(await desktop.window.frames(browser.name), before, 'nobody looks');
      const second = desktop.startAgain();
      stage.onEnd(() => second.end());
      await moves('opened again', desktop.window, browser.name, seen);
      await desktop.window.press('button', 'Hang up');
      await browser.person.call.region.waitFor({ state: 'hidden' });
    },
  },
  {
    name: 'a screen that the desktop shares is seen in a browser, and the other way round',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage, true);
      await voiceCall(desktop, browser);
      await desktop.window.press('button', 'Share screen');
      const seen = browser.person.call.video(`Screen of ${desktop.name}`);
      await until('the shared screen at the browser', async () => (await framesOf(seen)) > 10);
      await desktop.window.press('button', 'Share screen');
      await until('no shared screen', async () => !(await seen.isVisible()));
      await browser.person.call.region.getByRole('button', { name: 'Share screen' }).click();
      await until('the shared screen at the desktop', async () =>
        (await desktop.window.frames(`Screen of ${browser.name}`)) > 10,
      );
    },
  },
  {
    name: 'when the web process is killed in a call the sound never stops, and the pictures are back',
    async play(stage) {
      const { desktop, browser } = await desktopAndBrowser(stage, true);
      await desktop.window.press('button', 'Video call');
      await browser.person.incoming.accept.click();
      const { region } = browser.person.call;
      const seen = browser.person.call.video(desktop.name);
      await moves('before', desktop.window, browser.name, seen);
      await Promise.all([desktop.room.settle(), browser.room.settle()]);

      let back = 0;
      const sound = await browser.room.hear(async () => {
        const said = desktop.room.say(speech);
        await pause(2_000);
        const before = await framesOf(seen);
        const killed = performance.now();
        for (const pid of desktop.webProcesses) process.kill(pid, 'SIGKILL');
        // What was on its way may still be shown.
        await pause(500);
        const rest = await framesOf(seen);
        await until('new pictures of the desktop', async () => (await framesOf(seen)) > rest + 5);
        back = performance.now() - killed;
        assert.ok(before > 0, 'there were pictures before');
        await said;
      });
      figures.push(`web process killed: pictures back after ${Math.round(back)} ms`);
      const quiet = longestGap(sound, -55);
      assert.ok(quiet < 1_500, `the sound stopped for ${quiet} ms`);
      assert.ok(back < BACK_MS, `pictures are back after ${Math.round(back)} ms`);
      await region.getByRole('button', { name: 'Hang up' }).click();
      await region.waitFor({ state: 'hidden' });
    },
  },
];

/** Each sees the other move. */
async function moves(call: string, window: Window, browser: string, seen: Locator): Promise<void> {
  await Promise.all([
    moving(`${call}, at the browser`, () => framesOf(seen)),
    moving(`${call}, at the desktop`, () => window.frames(browser)),
  ]);
}

/** New pictures are shown for three seconds. */
async function moving(what: string, frames: () => Promise<number>): Promise<void> {
  await until(`${what}: a picture`, async () => (await frames()) > 5);
  const [before, start] = [await frames(), performance.now()];
  await pause(3_000);
  const rate = ((await frames()) - before) / ((performance.now() - start) / 1_000);
  figures.push(`${what}: ${rate.toFixed(1)} pictures a second`);
  assert.ok(rate >= MOVING_FPS, `${what}: ${rate.toFixed(1)} pictures a second`);
}

function framesOf(video: Locator): Promise<number> {
  return video.evaluate(
    (element: HTMLVideoElement) => element.getVideoPlaybackQuality().totalVideoFrames,
    undefined,
    { timeout: 10_000 },
  );
}
