import { expect, test } from '@playwright/test';

import { Gallery } from '../harness/gallery.ts';

/** A call with pictures, one with sound alone, one with a screen, and one of several. */
const CALLS = ['call', 'call-voice', 'call-screen', 'call-screen-own', 'call-grid'];
/** More than a call has stops. */
const STOPS = 25;

/** What has the focus, and how much of it is drawn: 1 is all, 0 is nothing. */
function focused(): { name: string; opacity: number } | null {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  let opacity = 1;
  for (let at: Element | null = element; at; at = at.parentElement) {
    opacity *= Number(getComputedStyle(at).opacity);
  }
  return { name: element.getAttribute('aria-label') ?? element.textContent ?? '', opacity };
}

test('Tab through a call whose controls have hidden shows whatever has the focus', async ({ browser }) => {
  test.setTimeout(120_000);
  await Gallery.build();
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  const gallery = await Gallery.open(page, 'plain');
  const scenes = await gallery.scenes();
  const calls = scenes.filter((scene) => CALLS.includes(scene));
  expect(calls, 'scenes of the gallery').toHaveLength(CALLS.length);
  for (const scene of calls) {
    await gallery.show(scene);
    await page.waitForSelector('.stage.hidden');
    const seen = new Set<string>();
    for (let stop = 0; stop < STOPS; stop += 1) {
      await page.keyboard.press('Tab');
      await expect
        .poll(async () => (await page.evaluate(focused))?.opacity ?? 1, { message: scene })
        .toBeGreaterThan(0.99);
      const name = (await page.evaluate(focused))?.name;
      if (name) seen.add(name.trim());
    }
    expect([...seen].join(), `${scene}: Tab came to the bar`).toContain('Hang up');
  }
  await context.close();
});
