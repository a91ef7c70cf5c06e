import { expect, test } from '@playwright/test';

import { Gallery } from '../harness/gallery.ts';

/** Buttons that are drawn without an edge, by their names. */
function withoutEdge(): string[] {
  const edge = (element: Element): boolean => {
    const style = getComputedStyle(element);
    const drawn = (line: string, width: string, color: string) =>
      line !== 'none' && parseFloat(width) >= 1 && !/^rgba\(.*, 0\)$/.test(color);
    return (
      drawn(style.outlineStyle, style.outlineWidth, style.outlineColor) ||
      (['top', 'right', 'bottom', 'left'] as const).every((side) =>
        drawn(
          style.getPropertyValue(`border-${side}-style`),
          style.getPropertyValue(`border-${side}-width`),
          style.getPropertyValue(`border-${side}-color`),
        ),
      )
    );
  };
  return [...document.querySelectorAll('button, [role=button], [role=tab], [role=switch]')]
    .filter((button) => button.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
    .filter((button) => !edge(button))
    .map((button) => button.getAttribute('aria-label') ?? button.textContent?.trim() ?? '');
}

/** Switches whose knob has the colour of what it lies on, by their names. */
function withoutKnob(): string[] {
  return [...document.querySelectorAll('[role=switch]')]
    .filter(
      (one) =>
        getComputedStyle(one, '::before').backgroundColor === getComputedStyle(one).backgroundColor,
    )
    .map((one) => document.querySelector(`label[for="${CSS.escape(one.id)}"]`)?.textContent ?? '');
}

/** What is pressed, selected or lit and has the ground of what is not, by its name. */
function stateUnseen(): string[] {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.background = 'Highlight';
  const marked = getComputedStyle(probe).backgroundColor;
  probe.remove();
  // A call's buttons are lit by what they mean: a camera is pressed while it is on.
  const selector =
    'button[aria-pressed=true]:not(.call-button), [role=tab][aria-selected=true], .call-button.lit .disc';
  return [...document.querySelectorAll(selector)]
    .filter((one) => getComputedStyle(one).backgroundColor !== marked)
    .map((one) => one.closest('[aria-label]')?.getAttribute('aria-label') ?? one.textContent?.trim() ?? '');
}

test('under high contrast every button has an edge, and what is pressed or on looks so', async ({ browser }) => {
  test.setTimeout(180_000);
  await Gallery.build();
  const context = await browser.newContext({ reducedMotion: 'reduce', forcedColors: 'active' });
  const page = await context.newPage();
  const gallery = await Gallery.open(page, 'plain');
  const faults: string[] = [];
  for (const scene of await gallery.scenes()) {
    await gallery.show(scene);
    for (const name of await page.evaluate(withoutEdge)) faults.push(`${scene}, no edge: ${name}`);
    for (const name of await page.evaluate(withoutKnob)) faults.push(`${scene}, no knob: ${name}`);
    for (const name of await page.evaluate(stateUnseen)) faults.push(`${scene}, state not seen: ${name}`);
  }
  await context.close();
  expect(faults, 'what cannot be told').toEqual([]);
});
