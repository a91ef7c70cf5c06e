import type { CallView, EndReason, View } from '../lib/bindings';
import type { Fault, Seat } from '../lib/host/host';
import type { Unkept } from '../lib/host/records';
import type { Place } from '../shared/router.svelte';
import { SECTIONS } from '../settings/sections';
import type { Around } from './fake';
import {
  busyHome,
  call,
  callEntry,
  groupHome,
  home,
  invitations,
  LONG,
  NOW,
  remote,
  ring,
  settings,
  signedOut,
  view,
} from './views';

/** One picture of the application. */
export interface Scene {
  view: View;
  place?: Place;
  seat?: Seat;
  minimised?: boolean;
  fault?: Fault;
  /** Why nothing outlives the window. */
  unkept?: Unkept;
  /** As on the desktop. */
  desktop?: Around;
  /** What to choose in the menu `More` before that. */
  menu?: string;
  /** Buttons to press, by their names. */
  press?: string[];
  /** A key to press. */
  key?: string;
  /** Addresses of ICE servers that the browser refuses. */
  refused?: string[];
}

const GRACE: Place = { page: 'conversation', id: 'grace' };
const CLUB: Place = { page: 'conversation', id: 'club' };
const connected = () => call({ type: 'connected', since: Date.now() - 754_000 });

function inCall(change: Parameters<typeof call>[1] = {}): View {
  return view(busyHome({ call: { ...connected(), ...change } }));
}

function ended(reason: EndReason, outgoing = true): View {
  return view(
    busyHome({ call: call({ type: 'ended', reason, length_s: null }, { outgoing, remotes: [] }) }),
  );
}

const silent: CallView['local'] = {
  audio: { on: true, state: { type: 'live', label: 'Microphone' } },
  camera: { on: false, state: { type: 'off' } },
  screen: { on: false, state: { type: 'off' } },
  narrow: false,
};
const sharing: CallView['local'] = {
  audio: { on: true, state: { type: 'live', label: 'Microphone' } },
  camera: { on: true, state: { type: 'live', label: 'Camera' } },
  screen: { on: true, state: { type: 'live', label: 'Screen' } },
  narrow: false,
};
const denied: CallView['local'] = {
  audio: { on: true, state: { type: 'unavailable', problem: 'denied' } },
  camera: { on: true, state: { type: 'unavailable', problem: 'denied' } },
  screen: { on: false, state: { type: 'off' } },
  narrow: false,
};
const six = [
  'Grace Hopper',
  'Alan Turing',
  'Barbara Liskov',
  'Ken Thompson',
  'Radia Perlman',
  'Edsger Dijkstra',
];

/** Every screen and the states that look different. */
export const scenes: Record<string, Scene> = {
  welcome: { view: view(signedOut()) },
  'welcome-wrong': {
    view: view(signedOut({ problem: { type: 'refused', reason: 'wrong_credentials' } })),
  },
  'welcome-create': {
    view: view(
      signedOut({
        registration: 'invite',
        problem: { type: 'refused', reason: 'username_taken' },
      }),
    ),
    press: ['Create account'],
  },
  'welcome-former': {
    view: view(signedOut({ former: { username: 'ada', name: 'Ada Lovelace' } })),
  },
  'welcome-former-else': {
    view: view(signedOut({ former: { username: 'ada', name: 'Ada Lovelace' } })),
    press: ['Sign in as somebody else'],
  },
  'welcome-forgot': { view: view(signedOut()), press: ['Forgot your password?'] },
  'welcome-forgot-wrong': {
    view: view(signedOut({ problem: { type: 'refused', reason: 'reset_code_invalid' } })),
    press: ['Forgot your password?'],
  },
  'welcome-reset': {
    view: view(signedOut({ reset: { username: 'ada', name: 'Ada Lovelace' } })),
  },
  'welcome-closed': { view: view(signedOut({ registration: 'closed' })) },
  'welcome-unreachable': {
    view: view(signedOut({ relay_version: null, registration: null }), {
      relay: { type: 'offline', retry_at: NOW, cause: { type: 'unreachable' } },
    }),
  },
  'welcome-desktop': {
    view: view(signedOut({ relay_version: null, registration: null }), { relay_address: '' }),
    desktop: {},
  },
  'welcome-desktop-found': { view: view(signedOut()), desktop: { keeping: { type: 'memory' } } },
  'welcome-desktop-wrong': {
    view: view(
      signedOut({ relay_version: null, registration: null, problem: { type: 'unreachable' } }),
    ),
    desktop: {},
  },
  'no-keyring': {
    view: view({ type: 'loading' }),
    desktop: { keeping: { type: 'locked', sealed: false } },
  },
  unlock: {
    view: view({ type: 'loading' }),
    desktop: { keeping: { type: 'locked', sealed: true } },
  },
  'link-call': {
    view: view(busyHome()),
    desktop: { link: { type: 'call', username: 'grace' } },
  },
  'link-call-unknown': {
    view: view(busyHome()),
    desktop: { link: { type: 'call', username: 'mallory' } },
  },
  'link-relay': {
    view: view(signedOut()),
    desktop: { link: { type: 'relay', address: 'calls.elsewhere.example' } },
  },
  update: {
    view: view(busyHome()),
    desktop: { update: { type: 'found', version: '1.2.0' } },
  },
  'settings-app-update': {
    view: view(busyHome()),
    place: { page: 'settings', section: 'app' },
    desktop: { update: { type: 'found', version: '1.2.0' } },
  },
  'settings-app-update-in-call': {
    view: inCall(),
    minimised: true,
    place: { page: 'settings', section: 'app' },
    desktop: { update: { type: 'found', version: '1.2.0' } },
  },
  'settings-app-update-failed': {
    view: view(busyHome()),
    place: { page: 'settings', section: 'app' },
    desktop: { update: { type: 'failed', cause: 'the signature is another' } },
  },
  'device-check': {
    view: view(busyHome(), { settings: { ...settings, devices_checked: false } }),
  },
  skeleton: { view: view(home({ ready: false, me: null })), place: GRACE },
  empty: { view: view(home()) },
  home: { view: view(busyHome()) },
  conversation: { view: view(busyHome()), place: GRACE },
  'conversation-empty': {
    view: view(busyHome({ open: { id: 'ken', entries: [], has_more: false, loading: false } })),
    place: { page: 'conversation', id: 'ken' },
  },
  invited: { view: view(busyHome({ invitations })) },
  'invited-long': {
    view: view(
      busyHome({
        invitations: invitations.map((one) => ({ ...one, name: LONG, from: LONG, members: 1 })),
      }),
    ),
  },
  group: { view: view(groupHome()), place: CLUB },
  'group-people': { view: view(groupHome()), place: CLUB, menu: 'People' },
  'group-people-member': {
    view: view(groupHome({ owned: false, invited: [] }, LONG)),
    place: CLUB,
    menu: 'People',
  },
  'group-remove': {
    view: view(groupHome()),
    place: CLUB,
    menu: 'People',
    press: [`Remove ${LONG} from the group`],
  },
  'group-rename': { view: view(groupHome()), place: CLUB, menu: 'Rename group' },
  'group-leave': { view: view(groupHome({}, LONG)), place: CLUB, menu: 'Leave group' },
  'new-group': { view: view(groupHome()), press: ['New group'] },
  'new-group-nobody': { view: view(busyHome({ contacts: [] })), press: ['New group'] },
  'calls-somebody-left': {
    view: view(busyHome({ history: [callEntry('gone', { conversation: 'gone', name: '' })] })),
    place: { page: 'calls' },
  },
  calls: { view: view(busyHome()), place: { page: 'calls' } },
  'add-contact': { view: view(busyHome()), press: ['Add contact'] },
  offline: {
    view: view(busyHome(), {
      relay: { type: 'offline', retry_at: Date.now() + 4000, cause: { type: 'unreachable' } },
    }),
    place: GRACE,
  },
  notice: {
    view: view(busyHome(), {
      notices: [{ id: 1, text: { type: 'contact_requested', username: 'katherine' } }],
    }),
    place: GRACE,
  },
  incoming: { view: view(busyHome({ rings: [ring()] })), place: GRACE },
  'incoming-voice': { view: view(busyHome({ rings: [ring({ media: 'voice' })] })), place: GRACE },
  'incoming-preview': {
    view: view(busyHome({ rings: [ring()] })),
    place: GRACE,
    press: ['Preview'],
  },
  'dialling-voice': {
    view: view(
      busyHome({
        call: call({ type: 'dialling', ringing: false }, { media: 'voice', local: silent }),
      }),
    ),
  },
  'dialling-denied': {
    view: view(busyHome({ call: call({ type: 'dialling', ringing: true }, { local: denied }) })),
  },
  dialling: { view: view(busyHome({ call: call({ type: 'dialling', ringing: true }) })) },
  call: { view: inCall() },
  'call-voice': {
    view: inCall({
      media: 'voice',
      remotes: [remote({ sends: { mic: true, camera: false, screen: false, narrow: false } })],
      local: {
        audio: { on: false, state: { type: 'off' } },
        camera: { on: false, state: { type: 'off' } },
        screen: { on: false, state: { type: 'off' } },
        narrow: false,
      },
    }),
  },
  'call-problem': {
    view: inCall({
      local: {
        audio: { on: true, state: { type: 'live', label: 'Microphone' } },
        camera: { on: true, state: { type: 'unavailable', problem: 'busy' } },
        screen: { on: false, state: { type: 'off' } },
        narrow: false,
      },
      remotes: [remote({ sends: { mic: false, camera: false, screen: false, narrow: false } })],
    }),
  },
  'call-chat': { view: inCall(), press: ['Chat'] },
  'call-quality': { view: inCall(), press: ['Call quality'] },
  'call-quality-refused': {
    view: inCall(),
    press: ['Call quality'],
    refused: ['stun://relay.example.org:3478', 'turn:relay.example.org?transport=sctp'],
  },
  'call-devices': { view: inCall(), key: 'd' },
  'call-screen': {
    view: inCall({
      remotes: [remote({ sends: { mic: true, camera: true, screen: true, narrow: false } })],
    }),
  },
  'call-screen-chat': {
    view: inCall({
      remotes: [remote({ sends: { mic: true, camera: true, screen: true, narrow: false } })],
    }),
    press: ['Chat'],
  },
  'call-screen-own': { view: inCall({ local: sharing }) },
  'call-denied': { view: inCall({ local: denied }) },
  'call-keys': { view: inCall(), key: '?' },
  'call-people': { view: inCall(), press: ['People'] },
  'call-slow': {
    view: inCall({
      remotes: [remote({ sends: { mic: true, camera: true, screen: false, narrow: true } })],
    }),
  },
  'call-slow-own': {
    view: inCall({
      local: {
        audio: { on: true, state: { type: 'live', label: 'Microphone' } },
        camera: { on: true, state: { type: 'live', label: 'Camera' } },
        screen: { on: false, state: { type: 'off' } },
        narrow: true,
      },
    }),
  },
  'call-grid': {
    view: inCall({
      remotes: six.map((name, index) =>
        remote({
          peer: index + 1,
          name,
          user: `u-${name}`,
          device: `d-${name}`,
          sends: { mic: index !== 2, camera: index % 3 !== 1, screen: false, narrow: false },
        }),
      ),
    }),
  },
  'call-reconnecting': {
    view: view(busyHome({ call: call({ type: 'reconnecting', since: Date.now() - 754_000 }) })),
  },
  'call-without-devices': {
    view: view(
      busyHome({
        call: call(
          { type: 'connected', since: Date.now() - 754_000 },
          {
            remotes: [
              remote({
                sends: { mic: false, camera: false, screen: false, narrow: false },
                unavailable: { microphone: 'missing', camera: 'not_allowed' },
              }),
            ],
          },
        ),
      }),
    ),
  },
  'call-window-closed': {
    view: view(
      busyHome({
        call: call(
          { type: 'reconnecting', since: Date.now() - 754_000 },
          { remotes: [remote({ connected: false, closed: true })] },
        ),
      }),
    ),
  },
  'ended-window-closed': { view: ended('window_closed') },
  'ended-declined': { view: ended('declined') },
  'ended-lost': { view: ended('lost') },
  minimised: { view: inCall(), place: GRACE, minimised: true },
  'minimised-ended': {
    view: ended('lost'),
    place: GRACE,
    minimised: true,
  },
  'call-offline': {
    view: view(busyHome({ call: connected() }), {
      relay: { type: 'offline', retry_at: NOW, cause: { type: 'unreachable' } },
    }),
  },
  elsewhere: { view: inCall(), place: GRACE, seat: 'elsewhere' },
  left: { view: inCall(), place: GRACE, seat: 'left' },
  fault: { view: view(busyHome()), fault: { type: 'load' } },
  insecure: { view: view(signedOut()), unkept: 'insecure' },
  unkept: { view: view(signedOut()), unkept: 'blocked' },
  'unkept-home': { view: view(busyHome()), unkept: 'blocked' },
  ...Object.fromEntries(
    SECTIONS.map((section) => [
      `settings-${section}`,
      { view: view(busyHome()), place: { page: 'settings' as const, section } },
    ]),
  ),
};
