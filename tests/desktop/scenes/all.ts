import type { Scene } from '../harness/scene.ts';
import { keyring } from './keyring.ts';
import { signIn } from './sign-in.ts';

export { figures } from '../harness/scene.ts';

/** Every scene, in the order in which they are played. */
export const scenes: Scene[] = [...signIn, ...keyring];
