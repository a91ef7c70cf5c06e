import { expect, test } from '@playwright/test';

import { Gallery, type Content } from '../harness/gallery.ts';
import { layoutFaults } from '../harness/layout.ts';

/** Windows in which everything has to fit. WCAG 1.4.10 asks for 320 px and for 400 % of 1280 × 1024. */
const WINDOWS = {
  'a narrow phone': { width: 320, height: 640 },
  'a phone': { width: 390, height: 800 },
  'a phone lying down': { width: 844, height: 390 },
  'a desktop': { width: 1400, height: 900 },
  '200 % zoom': { width: 640, height: 512 },
  '400 % zoom': { width: 320, height: 256 },
};

/** For the measure: see there. */
const SOLID = '.solid * { pointer-events: auto !important; }';

type Window = keyof typeof WINDOWS;
const EVERY = Object.keys(WINDOWS) as Window[];

/** What others write comes to every window; what only we write, to those that leave least room. */
const CONTENTS: Record<Content, { title: string; windows: Window[] }> = {
  plain: { title: 'everyday words', windows: ['a phone', 'a phone lying down'] },
  strange: { title: 'whatever others write', windows: EVERY },
  german: { title: 'German words', windows: ['a narrow phone', 'a phone lying down'] },
};

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await Gallery.build();
});

for (const content of Object.keys(CONTENTS) as Content[]) {
  const { title, windows } = CONTENTS[content];
  test(`every screen fits every window, and nothing is cut or covered, with ${title}`, async ({ browser }) => {
    test.setTimeout(180_000);
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const page = await context.newPage();
    const gallery = await Gallery.open(page, content);
    const faults: string[] = [];
    const scenes = await gallery.scenes();
    await page.addStyleTag({ content: SOLID });
    for (const scene of scenes) {
      await page.setViewportSize(WINDOWS['a desktop']);
      await gallery.show(scene);
      for (const window of windows) {
        await page.setViewportSize(WINDOWS[window]);
        // Two frames: what is laid out by its measured size is laid out again.
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        for (const fault of await page.evaluate(layoutFaults)) faults.push(`${scene}, ${window}: ${fault}`);
      }
    }
    await context.close();
    expect(faults, 'what is wrong').toEqual([]);
  });
}
