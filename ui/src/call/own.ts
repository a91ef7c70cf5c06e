import type { Client } from '../lib/client.svelte';
import type { Picture } from '../lib/rtc/peers';

/** The picture of the own camera, while there is one. Reactive. */
export function ownPicture(client: Client): Picture | null {
  return client.call?.local.camera.state.type === 'live' ? client.local('camera') : null;
}
