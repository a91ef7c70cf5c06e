import { expect, test } from 'vitest';
import { Forgetting } from './forget';

const track = (contentHint: string) => ({ contentHint }) as MediaStreamTrack;

test('a held track says that its content is of another kind, until it is let go', () => {
  const [camera, screen] = [track('motion'), track('detail')];
  const forgetting = new Forgetting();
  forgetting.hold('camera', camera);
  forgetting.hold('camera', camera);
  forgetting.hold('screen', screen);
  forgetting.hold('screen', null);
  expect([camera.contentHint, screen.contentHint]).toEqual(['detail', 'motion']);
  forgetting.release();
  expect([camera.contentHint, screen.contentHint]).toEqual(['motion', 'detail']);
});
