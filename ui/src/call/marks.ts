import type { DeviceTrouble, LocalView, RemoteView } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';

/** Why nobody hears somebody. Null while they can be heard. */
export function soundMark({ sends, unavailable }: RemoteView): string | null {
  if (sends.mic) return null;
  return unavailable.microphone ? microphoneWords(unavailable.microphone) : m.is_muted();
}

/** Why somebody who wants to be seen is not. Null where they are, or do not want to be. */
export function pictureMark({ sends, unavailable }: RemoteView): string | null {
  return sends.camera || !unavailable.camera ? null : cameraWords(unavailable.camera);
}

/** The own pictures are wanted, and the network is too slow for them. */
export function isHeld({ narrow, camera, screen }: LocalView): boolean {
  return narrow && (camera.on || screen.on);
}

function microphoneWords(trouble: DeviceTrouble): string {
  switch (trouble) {
    case 'not_allowed':
      return m.mark_microphone_not_allowed();
    case 'missing':
      return m.mark_microphone_missing();
    case 'busy':
      return m.mark_microphone_busy();
    default:
      return m.mark_microphone_failed();
  }
}

function cameraWords(trouble: DeviceTrouble): string {
  switch (trouble) {
    case 'not_allowed':
      return m.mark_camera_not_allowed();
    case 'missing':
      return m.mark_camera_missing();
    case 'busy':
      return m.mark_camera_busy();
    default:
      return m.mark_camera_failed();
  }
}
