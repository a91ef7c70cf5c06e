import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { stage } from '../dev/render';
import { busyHome, call, contacts, invitations, view } from '../dev/views';
import type { Home } from '../lib/bindings';

const button = (name: string) => screen.getByRole('button', { name });
const focused = () => document.activeElement;

function homeWith(change: Partial<Home>) {
  return view(busyHome(change));
}

describe('focus', () => {
  it('goes to the next request when one is answered, and to what follows after the last', async () => {
    const without = (...gone: string[]) => ({
      contacts: contacts.filter(({ user }) => !gone.includes(user)),
    });
    const { show } = stage({ view: homeWith({ invitations }) });
    button('Accept the request of Alan Turing').focus();
    show(homeWith({ invitations, ...without('u-alan') }));
    await expect.poll(focused).toHaveTextContent(/Reading circle.*asks you/s);
    await userEvent.tab();
    expect(button('Accept the invitation to Reading circle')).toHaveFocus();
    show(homeWith(without('u-alan')));
    await expect.poll(focused).toHaveTextContent(/Katherine Johnson/);
    await userEvent.tab();
    expect(button('Take back the request to Katherine Johnson')).toHaveFocus();
    show(homeWith(without('u-alan', 'u-kat')));
    const list = screen.getByRole('navigation', { name: 'Conversations' });
    await expect.poll(() => list.contains(focused())).toBe(true);
  });

  it('stays in the list when a device is signed out', async () => {
    const place = { page: 'settings', section: 'account' } as const;
    const { show } = stage({ view: homeWith({}), place });
    button('Sign out Safari on iPhone').focus();
    show(homeWith({ devices: busyHome().devices?.slice(0, 1) ?? null }));
    await expect.poll(focused).toHaveTextContent(/Firefox on Linux/);
  });

  it('goes to the next notice when one is dismissed', async () => {
    const notices = [1, 2].map((id) => ({ id, text: { type: 'not_connected' } as const }));
    const { show } = stage({ view: view(busyHome(), { notices }) });
    const [first, second] = screen.getAllByRole('button', { name: 'Dismiss' });
    first?.focus();
    show(view(busyHome(), { notices: notices.slice(1) }));
    await expect.poll(() => focused()?.contains(second ?? null)).toBe(true);
  });

  it('moves nothing where the person had left the element before it went', async () => {
    const { show } = stage({ view: homeWith({ invitations }) });
    const accept = button('Accept the invitation to Reading circle');
    accept.focus();
    accept.blur();
    await Promise.resolve();
    show(homeWith({ invitations: [] }));
    await expect.poll(() => accept.isConnected).toBe(false);
    expect(document.body).toHaveFocus();
  });

  it('goes to the call when it comes, and back to where it was when it ends', async () => {
    const place = { page: 'conversation', id: 'grace' } as const;
    const { show } = stage({ view: homeWith({}), place });
    button('Voice call').focus();
    show(homeWith({ call: call({ type: 'dialling', ringing: true }) }));
    await expect.poll(() => screen.getByRole('region', { name: 'Call' })).toHaveFocus();
    button('Cancel').focus();
    show(homeWith({ call: call({ type: 'connected', since: Date.now() }) }));
    await expect.poll(() => screen.getByRole('region', { name: 'Call' })).toHaveFocus();
    show(homeWith({}));
    await expect.poll(() => button('Voice call')).toHaveFocus();
  });

  it('goes to what a panel was opened for, and back to what opened it', async () => {
    stage({ view: homeWith({ call: call({ type: 'connected', since: Date.now() }) }) });
    button('Chat').focus();
    await userEvent.keyboard('{Enter}');
    expect(screen.getByRole('textbox', { name: 'Message' })).toHaveFocus();
    const panel = screen.getByRole('complementary', { name: 'Chat' });
    await userEvent.click(within(panel).getByRole('button', { name: 'Close' }));
    expect(button('Chat')).toHaveFocus();
    button('People').focus();
    await userEvent.keyboard('{Enter}');
    expect(screen.getByRole('complementary', { name: 'People' })).toHaveFocus();
  });

  it('leaves the focus alone when something else leaves', () => {
    const { show } = stage({ view: homeWith({ invitations }) });
    const search = screen.getByRole('searchbox', { name: 'Search' });
    search.focus();
    show(homeWith({ invitations: [], contacts: [] }));
    expect(search).toHaveFocus();
  });
});
