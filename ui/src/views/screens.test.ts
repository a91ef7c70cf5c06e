import { screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { fromMenu, stage } from '../dev/render';
import { scenes } from '../dev/scenes';

/** Rules that need layout, which jsdom lacks; the browser tests have them. */
const OFF = { 'color-contrast': { enabled: false }, 'target-size': { enabled: false } };

describe('every screen', () => {
  for (const [name, scene] of Object.entries(scenes)) {
    it(`${name} has nothing that axe objects to`, async () => {
      stage(scene);
      if (scene.menu !== undefined) await userEvent.click(await fromMenu(scene.menu));
      for (const label of scene.press ?? []) {
        const [button] = screen.getAllByRole('button', { name: label });
        if (button) await userEvent.click(button);
      }
      if (scene.key) await userEvent.keyboard(scene.key);
      const { violations } = await axe.run(document.body, { rules: OFF });
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(' ')}`,
      );
      expect(found, 'axe finds no violation').toEqual([]);
    });
  }
});
