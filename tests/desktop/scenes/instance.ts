import assert from 'node:assert/strict';

import type { Scene } from '../harness/scene.ts';
import { until } from '../harness/waiting.ts';

export const instance: Scene[] = [
  {
    name: 'closing the window hides it, and a second start shows it again and ends',
    async play(stage) {
      const relay = await stage.relay();
      const { ada } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name);
      const panel = await desktop.addPanel();
      await desktop.open();
      await panel.trayed();
      await desktop.signIn(relay.origin, ada);
      const { pid } = desktop;
      const shown = (): Promise<string[]> => desktop.display.visible('Bellwire');
      await desktop.closeWindow();
      await desktop.window.find('region', 'Conversations');

      const second = desktop.startAgain();
      stage.onEnd(() => second.end());
      await until('the second start has ended', () => second.ended);
      assert.equal(second.code, 0, 'it ends as if all was well');
      await until('the window is shown again', async () => (await shown()).length === 1);
      assert.equal(desktop.pid, pid, 'by the app that ran');
    },
  },
];
