import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { stage } from '../dev/render';
import {
  busyHome,
  call,
  callEntry,
  groupHome,
  home,
  invitations,
  message,
  settings,
  signedOut,
  view,
} from '../dev/views';
import type { Place } from '../shared/router.svelte';

const GRACE: Place = { page: 'conversation', id: 'grace' };
const button = (name: string | RegExp) => screen.getByRole('button', { name });

describe('home', () => {
  it('lists conversations as links named by the other person', async () => {
    const { host, client } = stage({ view: view(busyHome()) });
    const nav = screen.getByRole('navigation', { name: 'Conversations' });
    const links = within(nav).getAllByRole('link');
    expect(links.map((link) => link.textContent)).toEqual([
      'Grace Hopper',
      'Edsger Dijkstra',
      'Barbara Liskov',
      'Radia Perlman',
      'Ken Thompson',
    ]);
    const edsger = within(nav).getByRole('link', { name: 'Edsger Dijkstra' });
    expect(edsger).toHaveAccessibleDescription('Away, 2 missed calls');
    await userEvent.click(edsger);
    expect(client.router.place).toEqual({ page: 'conversation', id: 'edsger' });
    expect(location.pathname).toBe('/c/edsger');
    expect(host.commands).toContainEqual({ type: 'open_conversation', conversation: 'edsger' });
  });

  it('goes to the conversation that a person picks in a notification', async () => {
    const { host, client } = stage({ view: view(busyHome()) });
    host.pick('edsger');
    await expect.poll(() => location.pathname).toBe('/c/edsger');
    expect(client.router.place).toEqual({ page: 'conversation', id: 'edsger' });
    await expect
      .poll(() => host.commands)
      .toContainEqual({ type: 'open_conversation', conversation: 'edsger' });
  });

  it('finds conversations by name', async () => {
    stage({ view: view(busyHome()) });
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search' }), 'lisk');
    const nav = screen.getByRole('navigation', { name: 'Conversations' });
    expect(within(nav).getAllByRole('link')).toHaveLength(1);
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search' }), 'ov and more');
    expect(nav).toHaveTextContent('choose Add contact');
  });

  it('adds a contact', async () => {
    const { asked } = stage({ view: view(busyHome()) });
    await userEvent.click(button('Add contact'));
    const dialog = await screen.findByRole('dialog', { name: 'Add contact' });
    await userEvent.type(within(dialog).getByRole('textbox', { name: 'Their username' }), ' ken ');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Send request' }));
    expect(asked()).toEqual([{ type: 'add_contact', username: 'ken' }]);
  });

  it('answers a contact request and takes an own one back', async () => {
    const { asked } = stage({ view: view(busyHome()) });
    await userEvent.click(button('Accept the request of Alan Turing'));
    await userEvent.click(button('Decline the request of Alan Turing'));
    await userEvent.click(button('Take back the request to Katherine Johnson'));
    expect(asked()).toEqual([
      { type: 'accept_contact', user: 'u-alan' },
      { type: 'remove_contact', user: 'u-alan' },
      { type: 'remove_contact', user: 'u-kat' },
    ]);
  });

  it('shows an invitation to a group with who asks, and answers it', async () => {
    const { asked } = stage({ view: view(busyHome({ contacts: [], invitations })) });
    const requests = screen.getByRole('region', { name: 'Requests' });
    expect(requests).toHaveTextContent(
      /Reading circle.*Grace Hopper \(grace\) asks you into this group. 3 people are in it./s,
    );
    await userEvent.click(button('Accept the invitation to Reading circle'));
    await userEvent.click(button('Decline the invitation to Reading circle'));
    expect(asked()).toEqual([
      { type: 'accept_group', conversation: 'readers' },
      { type: 'decline_group', conversation: 'readers' },
    ]);
  });

  it('has words for somebody who left, and no call back to where nobody is', () => {
    const gone = callEntry('gone', { conversation: 'gone', name: '' });
    stage({ view: view(busyHome({ history: [gone] })), place: { page: 'calls' } });
    const calls = screen.getByRole('list', { name: 'All calls' });
    expect(within(calls).getByRole('link')).toHaveTextContent('Somebody who left');
    expect(within(calls).queryByRole('button')).toBeNull();
  });

  it('says who wrote what in a group, also of somebody who left', () => {
    stage({ view: view(groupHome()), place: { page: 'conversation', id: 'club' } });
    const log = screen.getByRole('log', { name: 'Messages' });
    expect(within(log).getByText('Grace Hopper:')).toHaveClass('writer');
    expect(within(log).getByText('Somebody who left:')).toHaveClass('writer');
  });

  it('says what to do next where there is nothing yet', () => {
    stage({ view: view(home()) });
    expect(screen.getByText(/Add a contact to call somebody/)).toBeVisible();
    expect(screen.getByRole('heading', { name: 'Who do you want to call?' })).toBeVisible();
  });

  it('places calls from a conversation', async () => {
    const { asked } = stage({ view: view(busyHome()), place: GRACE });
    await userEvent.click(button('Voice call'));
    await userEvent.click(button('Video call'));
    expect(asked()).toEqual([
      { type: 'place_call', conversation: 'grace', media: 'voice' },
      { type: 'place_call', conversation: 'grace', media: 'video' },
    ]);
  });

  it('shows calls and messages as one timeline, oldest first', () => {
    stage({ view: view(busyHome()), place: GRACE });
    const log = screen.getByRole('log', { name: 'Messages' });
    expect(log.textContent).toMatch(/42:21.*compiler on Friday.*Missed call.*12:34.*Thanks!/s);
    expect(
      within(log).getByText('Not delivered yet: Grace Hopper gets it at your next call'),
    ).toBeVisible();
  });

  it('keeps what is typed through other pages, calls and languages, until the sign-out', async () => {
    const { show, client } = stage({ view: view(busyHome()), place: GRACE });
    const box = () => screen.getByRole('textbox', { name: /Message|Nachricht/ });
    await userEvent.type(box(), 'The notes');
    client.router.place = { page: 'conversation', id: 'edsger' };
    show(view(busyHome()));
    expect(box()).toHaveValue('');
    await userEvent.type(box(), 'Shortest path');
    client.router.place = GRACE;
    show(view(busyHome(), { settings: { ...settings, language: 'de' } }));
    expect(box()).toHaveValue('The notes');
    show(view({ ...signedOut() }));
    show(view(busyHome()));
    expect(box()).toHaveValue('');
  });

  it.each(['x', '漢', '😀'])(
    'takes 4,000 of %s, says what is too much, and loses nothing',
    async (sign) => {
      const { asked, client, show } = stage({ view: view(busyHome()), place: GRACE });
      const box = screen.getByRole('textbox', { name: 'Message' });
      client.drafts.set('grace', sign.repeat(4_002));
      show(view(busyHome()));
      expect(await screen.findByRole('alert')).toHaveTextContent('2 characters too many');
      expect(button('Send')).toBeDisabled();
      await userEvent.type(box, '{enter}');
      expect(asked()).toEqual([]);
      expect(box).toHaveValue(sign.repeat(4_002));
      client.drafts.set('grace', sign.repeat(4_000));
      show(view(busyHome()));
      expect(screen.queryByRole('alert')).toBeNull();
      await userEvent.click(button('Send'));
      const text = sign.repeat(4_000);
      expect(asked()).toEqual([{ type: 'send_chat', conversation: 'grace', text }]);
    },
  );

  it('sends a message with Enter, keeps lines with Shift+Enter and sends nothing empty', async () => {
    const { asked } = stage({ view: view(busyHome()), place: GRACE });
    const box = screen.getByRole('textbox', { name: 'Message' });
    expect(box).toHaveAccessibleDescription(
      /is online, and still gets this only at your next call/,
    );
    await userEvent.type(box, '  {enter}');
    await userEvent.type(box, 'one{shift>}{enter}{/shift}two{enter}');
    expect(asked()).toEqual([{ type: 'send_chat', conversation: 'grace', text: 'one\ntwo' }]);
    expect(box).toHaveValue('');
  });

  it('lists all calls with a way to call back', async () => {
    const { asked, host } = stage({ view: view(busyHome()) });
    await userEvent.click(screen.getByRole('tab', { name: 'Calls' }));
    expect(location.pathname).toBe('/calls');
    const list = screen.getByRole('list', { name: 'All calls' });
    expect(within(list).getAllByRole('listitem')).toHaveLength(4);
    await userEvent.click(button('Call Edsger Dijkstra back'));
    await userEvent.click(screen.getByRole('tab', { name: 'Calls' }));
    await userEvent.click(button('Show earlier'));
    expect(asked()).toEqual([
      { type: 'place_call', conversation: 'edsger', media: 'voice' },
      { type: 'load_earlier' },
    ]);
    expect(host.commands).toContainEqual({ type: 'open_conversation', conversation: null });
  });

  it('sets the own status', async () => {
    const { asked } = stage({ view: view(busyHome()) });
    await userEvent.click(button(/^Your status/));
    // Without layout the menu counts as hidden, and what is hidden has no name.
    const items = await screen.findAllByText('Do not disturb');
    const item = items.find((text) => text.closest('[role="menuitem"]'));
    await userEvent.click(item as HTMLElement);
    expect(asked()).toEqual([{ type: 'set_status', status: 'dnd' }]);
  });

  it('says that the relay is away, what still works, and tries again', async () => {
    const { asked } = stage({
      view: view(busyHome(), {
        relay: { type: 'offline', retry_at: Date.now() + 4000, cause: { type: 'unreachable' } },
      }),
      place: GRACE,
    });
    expect(screen.getByText(/can’t reach calls\.example\.org\. You can read/)).toBeVisible();
    expect(screen.getByText('Next try in 4 s')).toBeVisible();
    expect(button('Video call')).toBeDisabled();
    await userEvent.click(button('Try now'));
    expect(asked()).toEqual([{ type: 'reconnect' }]);
  });

  it('says that the relay refuses the address of this page, and which one it has', () => {
    const cause = { type: 'origin_refused', address: 'https://bell.example' } as const;
    const relay = { type: 'offline', retry_at: 0, cause } as const;
    stage({ view: view(busyHome(), { relay }), place: GRACE });
    const words = /not accept the address calls\.example\.org\. Its own address is https:\/\/bell/;
    expect(screen.getByText(words)).toBeVisible();
    expect(button('Try now')).toBeVisible();
  });

  it('keeps a notice about safety until it was read', async () => {
    const { asked } = stage({
      view: view(busyHome(), { notices: [{ id: 7, text: { type: 'sign_in_copied', at: 0 } }] }),
    });
    expect(screen.getByText(/copy of one of your sign-ins/)).toBeVisible();
    await userEvent.click(button('Dismiss'));
    expect(asked()).toEqual([{ type: 'dismiss_notice', notice: 7 }]);
  });

  it('offers the check of devices once, and opens nothing before a press', async () => {
    const { asked } = stage({
      view: view(busyHome(), { settings: { ...settings, devices_checked: false } }),
    });
    expect(screen.getByRole('heading', { name: 'Ready for your first call?' })).toBeVisible();
    expect(button('Test microphone')).toBeEnabled();
    await userEvent.click(button('Skip'));
    expect(asked()).toEqual([
      { type: 'save_settings', settings: { ...settings, devices_checked: true } },
    ]);
  });

  it('asks for notifications in the check of devices, by a press and never by itself', async () => {
    const requestPermission = vi.fn(() => Promise.resolve('granted'));
    vi.stubGlobal('Notification', { permission: 'default', requestPermission });
    stage({ view: view(busyHome(), { settings: { ...settings, devices_checked: false } }) });
    expect(requestPermission).not.toHaveBeenCalled();
    await userEvent.click(button('Allow notifications'));
    expect(requestPermission).toHaveBeenCalledOnce();
    expect(await screen.findByText(/lets Bellwire show notifications/)).toBeVisible();
    vi.unstubAllGlobals();
  });

  it('goes on showing its conversation while another window has another one open', () => {
    const grace = busyHome();
    const { show } = stage({ view: view(grace), place: GRACE });
    const shown = () => within(screen.getByRole('log'));
    expect(shown().getByText('Thanks! See you there.')).toBeVisible();
    const alan = { id: 'edsger', entries: [], has_more: false, loading: false };
    const conversations = grace.conversations.map((one) =>
      one.id === 'grace' ? { ...one, last: message('new', 'Are you there?') } : one,
    );
    show(view({ ...grace, open: alan, conversations }));
    expect(shown().getByText('Thanks! See you there.')).toBeVisible();
    expect(shown().getByText('Are you there?')).toBeVisible();
  });

  it('keeps a minimised call in sight', async () => {
    const live = call({ type: 'connected', since: Date.now() - 5000 });
    const { asked, client } = stage({ view: view(busyHome({ call: live })), minimised: true });
    const bar = screen.getByRole('region', { name: 'Running call' });
    expect(bar).toHaveTextContent(/In call with Grace Hopper\s*0:05/);
    await userEvent.click(within(bar).getByRole('button', { name: 'Hang up' }));
    expect(asked()).toEqual([{ type: 'hang_up', call: 'call-1' }]);
    await userEvent.click(within(bar).getByRole('button', { name: 'Return' }));
    expect(client.minimised).toBe(false);
    expect(screen.getByRole('region', { name: 'Call' })).toBeVisible();
  });

  it('offers to bring a call here that another window holds', async () => {
    const live = call({ type: 'connected', since: Date.now() });
    const { host } = stage({ view: view(busyHome({ call: live })), seat: 'elsewhere' });
    expect(screen.queryByRole('region', { name: 'Call' })).toBeNull();
    await userEvent.click(button('Move here'));
    expect(host.moved).toBe(1);
  });

  it('says so where a screen cannot be drawn, and offers to load the page anew', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const broken = view(busyHome({ conversations: [null as never] }));
    const { show } = stage({ view: view(busyHome()) });
    show(broken);
    expect(screen.getByRole('alert')).toHaveTextContent(/could not be shown.*call goes on/);
    expect(button('Reload')).toBeVisible();
  });

  it('counts a call by the relay’s clock, however wrong this device’s is', () => {
    for (const clock_ahead of [0, 120_000, -3_600_000]) {
      const since = Date.now() - clock_ahead - 5000;
      const live = call({ type: 'connected', since });
      stage({ view: view(busyHome({ call: live }), { clock_ahead }), minimised: true });
      const bar = screen.getAllByRole('region', { name: 'Running call' }).at(-1);
      expect(bar).toHaveTextContent(/Grace Hopper\s*0:05/);
    }
  });

  it('asks before a call goes on whose window was closed, and takes no keys for it', async () => {
    const live = call({ type: 'connected', since: Date.now() });
    const { asked, host } = stage({ view: view(busyHome({ call: live })), seat: 'left' });
    expect(screen.getByRole('alert')).toHaveTextContent(/call with Grace Hopper was closed/);
    expect(document.body, 'no button has the focus by itself').toHaveFocus();
    await userEvent.click(button('Continue here'));
    expect(host.moved).toBe(1);
    await userEvent.click(button('Hang up'));
    expect(asked()).toEqual([{ type: 'hang_up', call: 'call-1' }]);
  });

  it('counts what waits in the title', () => {
    stage({ view: view(busyHome()) });
    expect(document.title).toBe('(5) Bellwire');
  });
});

describe('settings', () => {
  const open = (section: string) =>
    stage({ view: view(busyHome()), place: { page: 'settings', section } });

  it('save what was chosen at once', async () => {
    const { asked } = open('calls');
    await userEvent.click(screen.getByRole('switch', { name: 'Ring on this device' }));
    await userEvent.click(screen.getByRole('switch', { name: 'Hide my address' }));
    await userEvent.click(screen.getByRole('radio', { name: /Everyone on this relay/ }));
    expect(asked()).toEqual([
      { type: 'save_settings', settings: { ...settings, ring_here: false } },
      { type: 'save_settings', settings: { ...settings, always_relay: true } },
      { type: 'change_callable_by', callable_by: 'everyone' },
    ]);
  });

  it('show the theme that was chosen', async () => {
    const { asked, show } = open('appearance');
    await userEvent.click(screen.getByRole('radio', { name: 'Dark' }));
    expect(asked()).toEqual([
      { type: 'save_settings', settings: { ...settings, appearance: 'dark' } },
    ]);
    show(view(busyHome(), { settings: { ...settings, appearance: 'dark' } }));
    expect(document.documentElement.dataset.theme).toBe('dark');
    show(view(busyHome()));
    expect(document.documentElement.dataset.theme).toBeUndefined();
  });

  it('change the language at once', () => {
    const { show } = open('language');
    show(view(busyHome(), { settings: { ...settings, language: 'de' } }));
    expect(screen.getByRole('heading', { name: 'Sprache' })).toBeVisible();
  });

  it('list the devices of the account and sign one out', async () => {
    const { asked, host } = open('account');
    expect(host.commands).toContainEqual({ type: 'load_devices' });
    expect(screen.getByText('This device')).toBeVisible();
    await userEvent.click(button('Sign out Safari on iPhone'));
    expect(asked()).toEqual([{ type: 'remove_device', device: 'd-2' }]);
  });

  it('change name and password', async () => {
    const { asked } = open('account');
    const name = screen.getByRole('textbox', { name: 'Name' });
    await userEvent.clear(name);
    await userEvent.type(name, 'Countess');
    await userEvent.click(button('Save'));
    await userEvent.type(screen.getByLabelText('Present password'), 'old password');
    await userEvent.type(screen.getByLabelText('New password'), 'too short');
    expect(button('Change password')).toBeDisabled();
    await userEvent.type(screen.getByLabelText('New password'), ' no more');
    await userEvent.click(button('Change password'));
    expect(asked()).toEqual([
      { type: 'change_display_name', display_name: 'Countess' },
      {
        type: 'change_password',
        old_password: 'old password',
        new_password: 'too short no more',
      },
    ]);
  });

  it('delete the account only with the password', async () => {
    const { asked } = open('account');
    await userEvent.click(button('Delete account'));
    const dialog = await screen.findByRole('dialog', { name: 'Delete your account?' });
    const sure = within(dialog).getByRole('button', { name: 'Delete account' });
    expect(sure).toBeDisabled();
    await userEvent.type(within(dialog).getByLabelText('Password'), 'analytical engine');
    await userEvent.click(sure);
    expect(asked()).toEqual([{ type: 'delete_account', password: 'analytical engine' }]);
  });

  it('show the devices where the address names no known part', () => {
    open('nowhere');
    expect(screen.getByRole('heading', { name: 'Devices' })).toBeVisible();
  });
});
