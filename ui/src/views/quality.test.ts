import { screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { stage } from '../dev/render';
import { scenes } from '../dev/scenes';

// It draws on a canvas, which jsdom has none of.
vi.mock('uplot', () => ({
  default: class {
    setData(): void {}
    setSize(): void {}
    destroy(): void {}
  },
}));

it('names servers that the browser refuses beside the quality, and in the report', async () => {
  const { 'call-quality-refused': scene } = scenes;
  if (!scene) throw new Error('the scene is gone');
  stage(scene);
  const written = vi.fn<(text: string) => Promise<void>>().mockResolvedValue();
  Object.assign(navigator, { clipboard: { writeText: written } });
  await userEvent.click(screen.getByRole('button', { name: 'Call quality' }));
  const servers = scene.refused ?? [];
  const words = await screen.findByText(/doesn’t take a server/, {}, { timeout: 5000 });
  for (const server of servers) expect(words).toHaveTextContent(server);
  const copy = await screen.findByRole('button', { name: 'Copy report' }, { timeout: 5000 });
  await userEvent.click(copy);
  for (const server of servers) {
    expect(written.mock.lastCall?.[0]).toContain(`server refused by the browser\t${server}\n`);
  }
});
