import type {
  Account,
  CallStage,
  CallView,
  ContactView,
  ConversationView,
  Entry,
  GroupView,
  Home,
  InvitationView,
  MemberView,
  RemoteView,
  RingView,
  Settings,
  View,
} from '../lib/bindings';

/** View literals that tests and the gallery start from. */
export const NOW = new Date(2026, 10, 20, 15, 30).getTime();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export const settings: Settings = {
  microphone: null,
  speaker: null,
  camera: null,
  ring_here: true,
  always_relay: false,
  notifications: true,
  appearance: 'system',
  language: 'en',
  devices_checked: true,
  single_keys: true,
};

export function view(account: Account, change: Partial<View> = {}): View {
  return {
    account,
    relay_address: 'calls.example.org',
    relay: { type: 'online' },
    clock_ahead: 0,
    skipped_frames: 0,
    notices: [],
    settings,
    ...change,
  };
}

export function signedOut(
  change: Partial<Extract<Account, { type: 'signed_out' }>> = {},
): Extract<Account, { type: 'signed_out' }> {
  return {
    type: 'signed_out',
    busy: false,
    problem: null,
    registration: 'open',
    relay_version: '0.1.0',
    former: null,
    reset: null,
    ...change,
  };
}

export function home(change: Partial<Home> = {}): Extract<Account, { type: 'signed_in' }> {
  return {
    type: 'signed_in',
    me: {
      user: 'u-ada',
      device: 'd-ada',
      username: 'ada',
      display_name: 'Ada Lovelace',
      callable_by: 'contacts',
      administrator: true,
    },
    ready: true,
    status: 'online',
    contacts: [],
    invitations: [],
    conversations: [],
    open: null,
    history: [],
    history_has_more: false,
    rings: [],
    call: null,
    devices: null,
    ...change,
  };
}

export function conversation(
  id: string,
  name: string,
  change: Partial<ConversationView> = {},
): ConversationView {
  return {
    id,
    kind: 'direct',
    name,
    user: `u-${id}`,
    username: name.toLowerCase().split(' ')[0] ?? name,
    group: null,
    presence: 'online',
    missed: 0,
    unread: 0,
    last: null,
    at: NOW,
    ...change,
  };
}

type CallEntry = Extract<Entry, { type: 'call' }>;
type MessageEntry = Extract<Entry, { type: 'message' }>;

export function callEntry(id: string, change: Partial<CallEntry> = {}): CallEntry {
  return {
    type: 'call',
    id,
    conversation: 'grace',
    name: 'Grace Hopper',
    direction: 'outgoing',
    media: 'video',
    outcome: 'answered',
    at: NOW - 10 * MINUTE,
    length_s: 754,
    ...change,
  };
}

export function message(
  id: string,
  text: string,
  change: Partial<MessageEntry> = {},
): MessageEntry {
  return {
    type: 'message',
    id,
    from: null,
    text,
    at: NOW - 5 * MINUTE,
    delivery: 'delivered',
    ...change,
  };
}

export function remote(change: Partial<RemoteView> = {}): RemoteView {
  return {
    peer: 1,
    user: 'u-grace',
    device: 'd-grace',
    name: 'Grace Hopper',
    sends: { mic: true, camera: true, screen: false, narrow: false },
    unavailable: {},
    connected: true,
    closed: false,
    ...change,
  };
}

export function call(stage: CallStage, change: Partial<CallView> = {}): CallView {
  return {
    id: 'call-1',
    conversation: 'grace',
    name: 'Grace Hopper',
    media: 'video',
    outgoing: true,
    stage,
    local: {
      audio: { on: true, state: { type: 'live', label: 'Microphone' } },
      camera: { on: true, state: { type: 'live', label: 'Camera' } },
      screen: { on: false, state: { type: 'off' } },
      narrow: false,
    },
    remotes: stage.type === 'dialling' ? [] : [remote()],
    chat_open: stage.type === 'connected',
    ...change,
  };
}

export function ring(change: Partial<RingView> = {}): RingView {
  return {
    call: 'call-2',
    conversation: 'grace',
    name: 'Grace Hopper',
    user: 'u-grace',
    media: 'video',
    audible: true,
    ...change,
  };
}

export const contacts: ContactView[] = [
  { user: 'u-alan', username: 'alan', name: 'Alan Turing', state: 'incoming' },
  { user: 'u-kat', username: 'katherine', name: 'Katherine Johnson', state: 'outgoing' },
];

/** As long as a display name may be. */
export const LONG = 'Reading-Circle-of-the-Analytical-Engine-and-Every-Later-Machine!';

export const invitations: InvitationView[] = [
  {
    conversation: 'readers',
    name: 'Reading circle',
    from: 'Grace Hopper',
    from_username: 'grace',
    members: 3,
  },
];

export function member(user: string, name: string, change: Partial<MemberView> = {}): MemberView {
  return {
    user: `u-${user}`,
    username: user,
    name,
    owner: false,
    ...change,
  };
}

/** A group of Ada, Barbara, Grace and one who is no contact of Ada's. */
export function group(change: Partial<GroupView> = {}): GroupView {
  return {
    owned: true,
    members: [
      member('ada', 'Ada Lovelace', { owner: true }),
      member('barbara', 'Barbara Liskov'),
      member('grace', 'Grace Hopper'),
      member('long', LONG),
    ],
    invited: [member('edsger', 'Edsger Dijkstra')],
    ...change,
  };
}

/** A home whose open conversation is a group. */
export function groupHome(
  change: Partial<GroupView> = {},
  name = 'Compiler club',
): Extract<Account, { type: 'signed_in' }> {
  const chat = [
    message('g1', 'Who has read the paper?', { from: 'Grace Hopper', at: NOW - 30 * MINUTE }),
    message('g2', 'Half of it.', { from: '', at: NOW - 28 * MINUTE }),
    message('g3', 'All of it, twice.', { at: NOW - 20 * MINUTE }),
  ];
  const club = conversation('club', name, {
    kind: 'group',
    user: null,
    username: null,
    group: group(change),
    last: chat[2] ?? null,
  });
  return busyHome({
    contacts: [...contacts, ...accepted],
    conversations: [club, ...conversations],
    open: { id: 'club', entries: chat, has_more: false, loading: false },
  });
}

const accepted: ContactView[] = (
  [
    ['grace', 'Grace Hopper'],
    ['edsger', 'Edsger Dijkstra'],
    ['barbara', 'Barbara Liskov'],
    ['radia', 'Radia Perlman'],
    ['ken', 'Ken Thompson'],
  ] as const
).map(([user, name]) => ({ user: `u-${user}`, username: user, name, state: 'accepted' }));

const timeline: Entry[] = [
  callEntry('1', { at: NOW - 2 * DAY, length_s: 2541 }),
  message('2', 'That was good. Shall we go on with the compiler on Friday?', {
    from: 'Grace Hopper',
    at: NOW - 2 * DAY + 50 * MINUTE,
  }),
  message('3', 'Friday is perfect. I bring the notes on the Bernoulli numbers.', {
    at: NOW - 2 * DAY + 52 * MINUTE,
  }),
  callEntry('4', {
    direction: 'incoming',
    outcome: 'missed',
    media: 'voice',
    at: NOW - DAY,
    length_s: null,
  }),
  callEntry('5', { at: NOW - 42 * MINUTE, length_s: 754 }),
  message('6', 'Here is the address of the reading room: second floor, left.', {
    from: 'Grace Hopper',
    at: NOW - 38 * MINUTE,
  }),
  message('7', 'Thanks! See you there.', { at: NOW - 20 * MINUTE, delivery: 'waiting' }),
];

export const conversations: ConversationView[] = [
  conversation('grace', 'Grace Hopper', { last: timeline[6] ?? null, at: NOW - 20 * MINUTE }),
  conversation('edsger', 'Edsger Dijkstra', {
    presence: 'away',
    missed: 2,
    last: callEntry('e', { direction: 'incoming', outcome: 'missed', length_s: null }),
    at: NOW - 3 * 60 * MINUTE,
  }),
  conversation('barbara', 'Barbara Liskov', {
    presence: 'dnd',
    unread: 3,
    last: message('b', 'The slides are done, have a look', { from: 'Barbara Liskov' }),
    at: NOW - DAY,
  }),
  conversation('radia', 'Radia Perlman', {
    presence: 'offline',
    last: callEntry('r', { outcome: 'no_answer', length_s: null, name: 'Radia Perlman' }),
    at: NOW - 3 * DAY,
  }),
  conversation('ken', 'Ken Thompson', { presence: 'offline', at: NOW - 20 * DAY }),
];

const history: Entry[] = [
  callEntry('h1', { at: NOW - 42 * MINUTE }),
  callEntry('h2', {
    name: 'Edsger Dijkstra',
    conversation: 'edsger',
    direction: 'incoming',
    outcome: 'missed',
    media: 'voice',
    length_s: null,
    at: NOW - 3 * 60 * MINUTE,
  }),
  callEntry('h3', {
    name: 'Barbara Liskov',
    conversation: 'barbara',
    direction: 'incoming',
    media: 'voice',
    length_s: 320,
    at: NOW - DAY,
  }),
  callEntry('h4', {
    name: 'Radia Perlman',
    conversation: 'radia',
    outcome: 'no_answer',
    length_s: null,
    at: NOW - 3 * DAY,
  }),
];

/** A home that has been used for a while. */
export function busyHome(change: Partial<Home> = {}): Extract<Account, { type: 'signed_in' }> {
  return home({
    contacts,
    conversations,
    history,
    history_has_more: true,
    open: { id: 'grace', entries: timeline, has_more: false, loading: false },
    devices: [
      {
        id: 'd-ada',
        name: 'Firefox on Linux',
        platform: 'web',
        created_at: NOW - 30 * DAY,
        last_seen_at: NOW,
        this: true,
      },
      {
        id: 'd-2',
        name: 'Safari on iPhone',
        platform: 'web',
        created_at: NOW - 90 * DAY,
        last_seen_at: NOW - 2 * DAY,
        this: false,
      },
    ],
    ...change,
  });
}
