import { join } from 'node:path';

import { test } from '../harness/test.ts';
import { tourOfACall, tourOfAGroup, tourOfTheDoor, tourOfTheSettings } from '../harness/tour.ts';

const folder = join(import.meta.dirname, '../../../docs/screenshots');
/** A stop that is worth a picture at the width of a phone. */
const onPhone = new Set(['welcome', 'home-empty', 'conversation', 'incoming', 'call', 'call-chat', 'calls', 'group', 'group-invitation']);

const devices = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [device, size] of Object.entries(devices)) {
    for (const tour of [tourOfTheDoor, tourOfACall, tourOfAGroup, tourOfTheSettings]) {
      if (device === 'phone' && tour === tourOfTheSettings) continue;
      test(`${tour.name}, ${device}, ${colorScheme}`, async ({ street }) => {
        test.setTimeout(120_000);
        await tour(street, { ...size, colorScheme, reducedMotion: 'reduce' }, async (screen, page) => {
          if (device === 'phone' && !onPhone.has(screen)) return;
          const suffix = device === 'phone' ? '-phone' : '';
          await page.screenshot({ path: join(folder, `${screen}-${colorScheme}${suffix}.png`) });
        });
      });
    }
  }
}
