import { describe, expect, it } from 'vitest';
import { call, remote } from '../dev/views';
import { changes } from './announcements';

const live = (change: Parameters<typeof call>[1] = {}) =>
  call({ type: 'connected', since: 0 }, change);
const sends = (mic: boolean, camera: boolean, screen = false) =>
  live({ remotes: [remote({ name: 'Grace', sends: { mic, camera, screen, narrow: false } })] });

describe('what is announced', () => {
  it('is what the other side switched', () => {
    expect(changes(sends(true, true), sends(false, true))).toEqual(['Grace muted']);
    expect(changes(sends(false, true), sends(true, true))).toEqual(['Grace unmuted']);
    expect(changes(sends(true, true), sends(true, false))).toEqual(['Grace turned the camera off']);
    expect(changes(sends(true, false), sends(true, true))).toEqual(['Grace turned the camera on']);
    expect(changes(sends(true, true), sends(true, true, true))).toEqual(['Grace shares a screen']);
    expect(changes(sends(true, true, true), sends(true, true))).toEqual(['Grace stopped sharing']);
  });

  it('is why somebody cannot be heard or seen, and not that they muted', () => {
    const nothing = { mic: false, camera: false, screen: false, narrow: false };
    const denied = live({
      remotes: [
        remote({
          name: 'Grace',
          sends: nothing,
          unavailable: { microphone: 'missing', camera: 'not_allowed' },
        }),
      ],
    });
    const told = ['Grace: no microphone', 'Grace: camera not allowed'];
    expect(changes(sends(true, true), denied)).toEqual(told);
    expect(changes(sends(false, false), denied), 'learned a moment later').toEqual(told);
    expect(changes(denied, denied)).toEqual([]);
    expect(changes(denied, sends(true, true))).toEqual([
      'Grace unmuted',
      'Grace turned the camera on',
    ]);
  });

  it('is that pictures are held for the sake of sound, and that they are back', () => {
    const slow = (narrow: boolean, camera = true) =>
      live({
        remotes: [remote({ name: 'Grace', sends: { mic: true, camera, screen: false, narrow } })],
      });
    expect(changes(slow(false), slow(true))).toEqual(['Video paused: Grace’s connection is slow']);
    expect(changes(slow(true), slow(false))).toEqual(['Grace’s video is back']);
    expect(changes(slow(false, false), slow(true, false))).toEqual([]);
    const own = (narrow: boolean) => live({ local: { ...live().local, narrow } });
    expect(changes(own(false), own(true))).toEqual([
      'Your video is paused: your connection is slow',
    ]);
    expect(changes(own(true), own(false))).toEqual(['Your video is sent again']);
  });

  it('is that the connection went and came back', () => {
    const away = call({ type: 'reconnecting', since: 0 });
    expect(changes(live(), away)).toEqual(['Reconnecting…']);
    expect(changes(away, live())).toEqual(['Connection restored']);
  });

  it('is that a closed window came back, and not what the path did meanwhile', () => {
    const closed = { remotes: [remote({ name: 'Grace', closed: true })] };
    const silent = call({ type: 'reconnecting', since: 0 }, closed);
    const returned = call({ type: 'reconnecting', since: 0 }, { remotes: [remote()] });
    expect(changes(live(), live(closed))).toEqual([]);
    expect(changes(live(closed), silent)).toEqual([]);
    expect(changes(silent, returned)).toEqual(['Reconnecting…']);
    expect(changes(returned, live())).toEqual(['Connection restored']);
    expect(changes(silent, live())).toEqual(['Connection restored']);
  });

  it('is who joined and left', () => {
    const alan = remote({ device: 'd-alan', name: 'Alan' });
    expect(changes(live(), live({ remotes: [remote(), alan] }))).toEqual(['Alan joined']);
    expect(changes(live({ remotes: [remote(), alan] }), live())).toEqual(['Alan left']);
  });

  it('is nothing where nothing changed, or another call began', () => {
    expect(changes(live(), live())).toEqual([]);
    expect(changes(live({ id: 'another' }), live())).toEqual([]);
    expect(changes(null, live())).toEqual([]);
  });

  it('is not the first state of somebody who was not connected yet', () => {
    const before = live({ remotes: [remote({ connected: false })] });
    const after = live({
      remotes: [remote({ sends: { mic: false, camera: false, screen: false, narrow: false } })],
    });
    expect(changes(before, after)).toEqual([]);
  });
});
