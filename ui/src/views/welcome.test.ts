import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { closeDialog, stage } from '../dev/render';
import { busyHome, settings, signedOut, view } from '../dev/views';

describe('welcome', () => {
  it('signs in with what was typed', async () => {
    const { asked } = stage({ view: view(signedOut()) });
    await userEvent.type(screen.getByRole('textbox', { name: 'Username' }), 'ada');
    await userEvent.type(screen.getByLabelText('Password'), 'analytical engine');
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
    expect(asked()).toEqual([{ type: 'sign_in', username: 'ada', password: 'analytical engine' }]);
  });

  it('says before anybody signs in what plain http takes away, and where to go', () => {
    stage({ view: view(signedOut()), unkept: 'insecure' });
    const said = screen.getByRole('alert');
    expect(said).toHaveTextContent(/neither microphone nor camera/);
    expect(said).toHaveTextContent(/sign in again whenever the page is loaded/);
    expect(said).toHaveTextContent(/ask whoever runs this relay/);
    expect(within(said).getByRole('link')).toHaveAttribute('href', 'https://localhost/');
  });

  it('says what a browser that keeps nothing takes away, and what still works, once', async () => {
    const { client, show } = stage({ view: view(signedOut()), unkept: 'blocked' });
    expect(screen.getByRole('alert')).toHaveTextContent(/Signing in, calls and messages work/);
    show(view(busyHome()));
    expect(screen.queryByText(/keeps nothing for this page/)).toBeNull();
    client.unkeptRead = false;
    const said = await screen.findByText(/keeps nothing for this page/);
    expect(said, 'storage failed while somebody is signed in').toBeVisible();
  });

  it('says who was signed in, and asks for the password alone', async () => {
    const former = { username: 'ada', name: 'Ada Lovelace' };
    const { asked } = stage({ view: view(signedOut({ former })) });
    expect(screen.getByRole('heading', { name: 'Welcome back, Ada Lovelace' })).toBeVisible();
    expect(screen.getByText(/still on this device/)).toBeVisible();
    expect(screen.getByRole('textbox', { name: 'Username' })).toHaveValue('ada');
    expect(screen.queryByRole('button', { name: 'Create account' })).toBeNull();
    await userEvent.type(screen.getByLabelText('Password'), 'analytical engine');
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
    expect(asked()).toEqual([{ type: 'sign_in', username: 'ada', password: 'analytical engine' }]);
  });

  it('erases what is kept of a former sign-in only after asking', async () => {
    const former = { username: 'ada', name: 'Ada Lovelace' };
    const { asked } = stage({ view: view(signedOut({ former })) });
    await userEvent.click(screen.getByRole('button', { name: 'Sign in as somebody else' }));
    const dialog = await screen.findByRole('dialog', { name: 'Sign in as somebody else?' });
    expect(dialog).toHaveTextContent(/of Ada Lovelace are erased/);
    await closeDialog(dialog);
    expect(asked()).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Sign in as somebody else' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Erase and go on' }));
    expect(asked()).toEqual([{ type: 'sign_out' }]);
  });

  it('creates an account, and shows the rules before anything can go wrong', async () => {
    const { asked } = stage({ view: view(signedOut()) });
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }));
    expect(screen.getByLabelText('Password')).toHaveAccessibleDescription(/At least 10 characters/);
    expect(screen.queryByLabelText('Invitation')).toBeNull();
    await userEvent.type(screen.getByRole('textbox', { name: 'Username' }), 'ada');
    await userEvent.type(screen.getByRole('textbox', { name: 'Name' }), 'Ada');
    await userEvent.type(screen.getByLabelText('Password'), 'analytical engine');
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }));
    expect(asked()).toEqual([
      {
        type: 'create_account',
        username: 'ada',
        display_name: 'Ada',
        password: 'analytical engine',
        invite: null,
      },
    ]);
  });

  it('asks for an invitation where the relay wants one', async () => {
    const { asked } = stage({ view: view(signedOut({ registration: 'invite' })) });
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Username' }), 'ada');
    await userEvent.type(screen.getByLabelText('Password'), 'analytical engine');
    await userEvent.type(screen.getByLabelText('Invitation'), 'K7-QP');
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }));
    expect(asked()[0]).toMatchObject({ invite: 'K7-QP' });
  });

  it('says who makes accounts where registration is closed', () => {
    stage({ view: view(signedOut({ registration: 'closed' })) });
    expect(screen.queryByRole('button', { name: 'Create account' })).toBeNull();
    expect(screen.getByText(/made by whoever runs this relay/)).toBeVisible();
  });

  it('shows a problem beside the form, and one of a field beside the field', async () => {
    const { show } = stage({
      view: view(signedOut({ problem: { type: 'refused', reason: 'wrong_credentials' } })),
    });
    expect(screen.getByRole('alert')).toHaveTextContent('Username or password is wrong.');
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }));
    show(view(signedOut({ problem: { type: 'refused', reason: 'username_taken' } })));
    const username = screen.getByRole('textbox', { name: 'Username' });
    expect(username).toBeInvalid();
    expect(username).toHaveAccessibleDescription(/is taken/);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('says that the relay cannot be reached and tries again', async () => {
    const { asked } = stage({
      view: view(signedOut({ relay_version: null, registration: null }), {
        relay: { type: 'offline', retry_at: 0, cause: { type: 'unreachable' } },
      }),
    });
    const alert = screen.getByRole('alert');
    expect(alert).toHaveTextContent('The relay at calls.example.org cannot be reached.');
    await userEvent.click(within(alert).getByRole('button', { name: 'Try now' }));
    expect(asked()).toEqual([{ type: 'reconnect' }]);
  });

  it('says that the relay refuses the address of this page, and which one it has', () => {
    const problem = { type: 'origin_refused', address: 'https://bell.example' } as const;
    stage({ view: view(signedOut({ problem })) });
    expect(screen.getByRole('alert')).toHaveTextContent(
      'The relay does not accept the address calls.example.org. Its own address is https://bell.example: open that one.',
    );
  });

  it('does not take a second press while a request is on its way', () => {
    stage({ view: view(signedOut({ busy: true })) });
    expect(screen.getByRole('button', { name: 'Signing in…' })).toBeDisabled();
  });

  it('speaks German where the settings say so', () => {
    stage({ view: view(signedOut(), { settings: { ...settings, language: 'de' } }) });
    expect(screen.getByRole('button', { name: 'Anmelden' })).toBeVisible();
    expect(document.documentElement.lang).toBe('de');
  });

  it('says so when the core did not arrive, and offers to reload', () => {
    stage({ view: view(signedOut()), fault: { type: 'load' } });
    expect(screen.getByRole('alert')).toHaveTextContent('did not arrive');
    expect(screen.getByRole('button', { name: 'Reload' })).toBeVisible();
  });
});
