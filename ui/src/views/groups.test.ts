import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { fromMenu, menuItems, stage } from '../dev/render';
import { busyHome, group, groupHome, view } from '../dev/views';
import type { Place } from '../shared/router.svelte';

const CLUB: Place = { page: 'conversation', id: 'club' };
const head = (name: string) => screen.getByRole('heading', { name }).parentElement;
const button = (name: string) => screen.getByRole('button', { name });

async function choose(label: string, title: string): Promise<HTMLElement> {
  await userEvent.click(await fromMenu(label));
  return screen.findByRole('dialog', { name: title });
}

describe('a group', () => {
  const people = () => choose('People', 'People');
  const owned = () => stage({ view: view(groupHome()), place: CLUB });
  const notOwned = () => stage({ view: view(groupHome({ owned: false })), place: CLUB });

  it('says how many are in it and invited, in its conversation and in the list', () => {
    owned();
    expect(head('Compiler club')).toHaveTextContent('4 people, 1 invited');
    const link = screen.getByRole('link', { name: 'Compiler club' });
    expect(link).toHaveAccessibleDescription('4 people, 1 invited');
  });

  it('shows who is in it, who owns it and who is invited', async () => {
    owned();
    const dialog = await people();
    const [members] = within(dialog).getAllByRole('list', { name: 'People' });
    const names = within(members as HTMLElement).getAllByRole('listitem');
    expect(names).toHaveLength(4);
    expect(names[0]).toHaveTextContent(/Ada Lovelace \(you\).*ada · Owner/);
    const invited = within(dialog).getByRole('list', { name: /Invited by you/ });
    expect(invited).toHaveTextContent('Edsger Dijkstra');
  });

  it('invites a contact who is neither in it nor invited, and takes an invitation back', async () => {
    const { asked } = owned();
    const dialog = await people();
    const contacts = within(dialog).getByRole('list', { name: 'Invite a contact' });
    const buttons = within(contacts).getAllByRole('button');
    expect(buttons.map((one) => one.ariaLabel)).toEqual([
      'Invite Radia Perlman',
      'Invite Ken Thompson',
    ]);
    await userEvent.click(button('Invite Ken Thompson'));
    await userEvent.click(button('Take back the invitation of Edsger Dijkstra'));
    expect(asked()).toEqual([
      { type: 'invite_to_group', conversation: 'club', user: 'u-ken' },
      { type: 'withdraw_invitation', conversation: 'club', user: 'u-edsger' },
    ]);
  });

  it('lets its owner remove somebody, after asking, by keyboard alone', async () => {
    const { asked } = owned();
    await people();
    button('Remove Grace Hopper from the group').focus();
    await userEvent.keyboard('{enter}');
    expect(button('Keep')).toHaveFocus();
    expect(asked()).toEqual([]);
    await userEvent.keyboard('{enter}');
    expect(button('Remove Grace Hopper from the group')).toHaveFocus();
    await userEvent.keyboard('{enter}{tab}{enter}');
    expect(asked()).toEqual([{ type: 'remove_member', conversation: 'club', user: 'u-grace' }]);
  });

  it('is renamed by its owner', async () => {
    const { asked } = owned();
    const dialog = await choose('Rename group', 'Rename group');
    const name = within(dialog).getByRole('textbox', { name: 'Name of the group' });
    expect(name).toHaveValue('Compiler club');
    expect(button('Save')).toBeDisabled();
    await userEvent.clear(name);
    await userEvent.type(name, '  Linker club {enter}');
    expect(asked()).toEqual([{ type: 'rename_group', conversation: 'club', name: 'Linker club' }]);
  });

  it('offers nobody else to rename it or to remove people', async () => {
    notOwned();
    const items = await menuItems();
    expect(items.map(({ textContent }) => textContent.trim())).toEqual(['People', 'Leave group']);
    await userEvent.keyboard('{escape}');
    const dialog = await people();
    expect(within(dialog).queryByRole('button', { name: /from the group/ })).toBeNull();
  });

  it('puts the dialog of its name away when somebody else owns it', async () => {
    const { show } = owned();
    await choose('Rename group', 'Rename group');
    show(view(groupHome({ owned: false })));
    await expect.poll(() => screen.queryByRole('dialog', { name: 'Rename group' })).toBeNull();
  });

  it('is left after a question, which goes home', async () => {
    const { asked, client } = owned();
    await choose('Leave group', 'Leave Compiler club?');
    await userEvent.click(button('Stay'));
    expect(asked()).toEqual([]);
    const dialog = await choose('Leave group', 'Leave Compiler club?');
    expect(dialog).toHaveTextContent('Whoever has been in it longest owns it from then on.');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Leave group' }));
    expect(asked()).toEqual([{ type: 'leave_group', conversation: 'club' }]);
    expect(client.router.place).toEqual({ page: 'home' });
  });

  it('with nobody else in it calls nobody', () => {
    const alone = group().members.slice(0, 1);
    stage({ view: view(groupHome({ members: alone, invited: [] })), place: CLUB });
    expect(head('Compiler club')).toHaveTextContent('1 person');
    expect(button('Voice call')).toBeDisabled();
    expect(button('Video call')).toBeDisabled();
  });
});

describe('a new group', () => {
  it('has a name and contacts who accepted', async () => {
    const { asked } = stage({ view: view(groupHome()) });
    await userEvent.click(button('New group'));
    const dialog = await screen.findByRole('dialog', { name: 'New group' });
    expect(within(dialog).getAllByRole('checkbox')).toHaveLength(5);
    const create = within(dialog).getByRole('button', { name: 'Create group' });
    await userEvent.type(screen.getByRole('textbox', { name: 'Name of the group' }), ' Readers ');
    expect(create).toBeDisabled();
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /Grace Hopper/ }));
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /Ken Thompson/ }));
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /Grace Hopper/ }));
    await userEvent.click(create);
    expect(asked()).toEqual([{ type: 'create_group', name: 'Readers', members: ['u-ken'] }]);
  });

  it('says what to do first where there is no contact', async () => {
    stage({ view: view(busyHome({ contacts: [] })) });
    await userEvent.click(button('New group'));
    const dialog = await screen.findByRole('dialog', { name: 'New group' });
    expect(dialog).toHaveTextContent('Add one first');
  });
});
