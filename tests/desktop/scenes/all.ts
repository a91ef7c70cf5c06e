import type { Scene } from '../harness/scene.ts';
import { bare } from './bare.ts';
import { call } from './call.ts';
import { instance } from './instance.ts';
import { keyring } from './keyring.ts';
import { links } from './links.ts';
import { ringing } from './ringing.ts';
import { signIn } from './sign-in.ts';
import { trouble } from './trouble.ts';
import { updates } from './updates.ts';
import { video } from './video.ts';
import { voice } from './voice.ts';

export { figures } from '../harness/scene.ts';

/** Every scene, in the order in which they are played. */
export const scenes: Scene[] = [
  ...signIn,
  ...keyring,
  ...instance,
  ...links,
  ...ringing,
  ...voice,
  ...call,
  ...video,
  ...trouble,
  ...bare,
  ...updates,
];
