import type { CallView, RemoteView } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';
import { pictureMark, soundMark } from './marks';
import { gone } from './words';

/** What changed from one view of a call to the next, in words, oldest first. */
export function changes(before: CallView | null, after: CallView): string[] {
  if (!before || before.id !== after.id) return [];
  return [
    ...stageChanges(before, after),
    ...ownChanges(before, after),
    ...peopleChanges(before, after),
  ];
}

function stageChanges(before: CallView, after: CallView): string[] {
  const [was, is] = [before.stage.type, after.stage.type];
  const [wasGone, isGone] = [gone(before), gone(after)];
  if (is === 'ended') return [];
  // That is what is read meanwhile.
  if (isGone) return [];
  if (wasGone) return [is === 'connected' ? m.connection_restored() : m.stage_reconnecting()];
  if (was === is) return [];
  if (is === 'reconnecting') return [m.stage_reconnecting()];
  if (is === 'connected') {
    return was === 'reconnecting' ? [m.connection_restored()] : [m.announce_connected()];
  }
  return [];
}

function ownChanges({ local: was }: CallView, { local: is }: CallView): string[] {
  const shows = is.camera.on || is.screen.on;
  if (was.narrow === is.narrow || !shows) return [];
  return [is.narrow ? m.video_held_own() : m.announce_video_back_own()];
}

function peopleChanges(before: CallView, after: CallView): string[] {
  const earlier = new Map(before.remotes.map((remote) => [remote.device, remote]));
  const said: string[] = [];
  for (const remote of after.remotes) {
    const was = earlier.get(remote.device);
    earlier.delete(remote.device);
    if (was) said.push(...mediaChanges(was, remote));
    else if (before.remotes.length > 0) said.push(m.announce_joined({ name: remote.name }));
  }
  if (after.stage.type !== 'ended') {
    for (const gone of earlier.values()) said.push(m.announce_left({ name: gone.name }));
  }
  return said;
}

function mediaChanges(was: RemoteView, is: RemoteView): string[] {
  // The first state arrives with the connection and is no change.
  if (!was.connected) return [];
  const { name } = is;
  const said: string[] = [];
  const mark = (words: string): string => m.announce_mark({ name, mark: words });
  const [sound, picture] = [soundMark(is), pictureMark(is)];
  if (sound !== null && is.unavailable.microphone) {
    if (soundMark(was) !== sound) said.push(mark(sound));
  } else if (was.sends.mic !== is.sends.mic) {
    said.push(is.sends.mic ? m.announce_unmuted({ name }) : m.announce_muted({ name }));
  }
  if (picture !== null) {
    if (pictureMark(was) !== picture) said.push(mark(picture));
  } else if (was.sends.camera !== is.sends.camera) {
    said.push(is.sends.camera ? m.announce_camera_on({ name }) : m.announce_camera_off({ name }));
  }
  if (was.sends.screen !== is.sends.screen) {
    said.push(is.sends.screen ? m.announce_screen_on({ name }) : m.announce_screen_off({ name }));
  }
  const shows = is.sends.camera || is.sends.screen;
  if (was.sends.narrow !== is.sends.narrow && shows) {
    said.push(is.sends.narrow ? m.video_held({ name }) : m.announce_video_back({ name }));
  }
  return said;
}
