/** Takes pictures of the real windows, in both themes, into docs/screenshots. */
import { join } from 'node:path';

import type { Desktop } from './harness/desktop.ts';
import { Shop } from './harness/shop.ts';
import { Stage } from './harness/stage.ts';
import { pause, until } from './harness/waiting.ts';
import { desktopAndBrowser } from './scenes/voice.ts';

const folder = join(import.meta.dirname, '../../docs/screenshots');
/** How long moving things take to come to rest, in ms. */
const REST_MS = 1_500;

for (const theme of ['light', 'dark'] as const) {
  const stage = new Stage(theme);
  const shoot = async (desktop: Desktop, title: string, screen: string): Promise<void> => {
    await pause(REST_MS);
    const window = await until(`the window ${title}`, async () =>
      (await desktop.display.visible(title))[0],
    );
    await desktop.display.pictureOf(window, join(folder, `desktop-${screen}-${theme}.png`));
  };
  const shop = await Shop.start();
  stage.onEnd(() => shop.stop());
  try {
    const { desktop, browser } = await desktopAndBrowser(stage, true);
    const { window } = desktop;
    await shoot(desktop, 'Bellwire', 'main');
    await window.press('button', 'Settings');
    for (const [section, screen] of [['This app', 'app'], ['Devices', 'devices']] as const) {
      await window.press('link', section);
      await shoot(desktop, 'Bellwire', `settings-${screen}`);
    }

    await browser.person.home.open(desktop.name);
    const distraction = await desktop.display.distract();
    await browser.person.home.videoCall.click();
    await shoot(desktop, 'Incoming call', 'ringing');
    await desktop.display.close(distraction);
    await browser.person.call.cancel.click();

    await window.press('button', 'Back');
    await desktop.talkTo(browser.name);
    await window.press('button', 'Video call');
    await browser.person.incoming.accept.click();
    await until('a picture', async () => (await window.frames(browser.name)) > 60);
    await pause(REST_MS);
    await desktop.display.stir();
    await shoot(desktop, 'Bellwire', 'call');
    await window.press('button', 'Hang up');
  } finally {
    await stage.end();
  }
}
process.exit(0);
