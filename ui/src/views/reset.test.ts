import { screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { flushSync } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { stage } from '../dev/render';
import { home, settings, signedOut, view } from '../dev/views';

const reset = { username: 'grace', name: 'Grace Hopper' };
const codeField = () => screen.getByRole('textbox', { name: 'Link or code' });
const passwordField = () => screen.getByLabelText('New password');
const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));

afterEach(() => history.replaceState(null, '', '/'));

describe('a forgotten password', () => {
  it('is answered with whom to ask, and takes the link or its code', async () => {
    const { asked } = stage({ view: view(signedOut()) });
    await press('Forgot your password?');
    expect(screen.getByText(/whoever runs this relay can make you a link/)).toBeVisible();
    expect(codeField()).toHaveFocus();
    await userEvent.keyboard('Zm9yZ290dGVu{Enter}');
    expect(asked().at(-1)).toEqual({ type: 'check_reset', code: 'Zm9yZ290dGVu' });
    await press('Back to sign-in');
    expect(screen.getByRole('button', { name: 'Sign in' })).toBeVisible();
    expect(asked().at(-1)).toEqual({ type: 'forget_reset' });
  });

  it('is asked about where somebody was signed in as well', async () => {
    stage({ view: view(signedOut({ former: { username: 'ada', name: 'Ada Lovelace' } })) });
    await press('Forgot your password?');
    expect(codeField()).toHaveFocus();
  });

  it('leaves what was said of the password behind', async () => {
    const { asked } = stage({
      view: view(signedOut({ problem: { type: 'refused', reason: 'wrong_credentials' } })),
    });
    await press('Forgot your password?');
    expect(asked()).toEqual([{ type: 'forget_reset' }]);
  });

  it('has a refused code mended where it was typed', async () => {
    const { show } = stage({ view: view(signedOut()) });
    await press('Forgot your password?');
    await userEvent.type(codeField(), 'wrong');
    await press('Go on');
    show(view(signedOut({ problem: { type: 'refused', reason: 'reset_code_invalid' } })));
    expect(codeField()).toHaveAccessibleDescription(/wrong, used or expired/);
    expect(codeField()).toHaveValue('wrong');
    expect(codeField()).toHaveFocus();
  });

  it('says whose password is set, and signs in with the new one', async () => {
    const { asked, show } = stage({ view: view(signedOut({ reset })) });
    expect(screen.getByRole('heading', { name: 'A new password for Grace Hopper' })).toBeVisible();
    expect(screen.getByText(/every other device is signed out/)).toBeVisible();
    expect(screen.getByRole('textbox', { name: 'Username' })).toHaveValue('grace');
    expect(passwordField()).toHaveAttribute('autocomplete', 'new-password');
    expect(passwordField()).toHaveFocus();
    await userEvent.keyboard('four loud geese{Enter}');
    expect(asked()).toEqual([{ type: 'reset_password', password: 'four loud geese' }]);
    show(view(signedOut({ reset, problem: { type: 'refused', reason: 'password_common' } })));
    expect(passwordField()).toHaveAccessibleDescription(/most common/);
    expect(passwordField()).toHaveFocus();
  });

  it('does not take the focus away while somebody is elsewhere in the form', async () => {
    const { show } = stage({ view: view(signedOut({ reset })) });
    const back = screen.getByRole('button', { name: 'Back to sign-in' });
    back.focus();
    show(view(signedOut({ reset, relay_version: '0.2.0' })));
    expect(back).toHaveFocus();
  });

  it('is spoken of in German where the settings say so', () => {
    stage({ view: view(signedOut({ reset }), { settings: { ...settings, language: 'de' } }) });
    expect(
      screen.getByRole('heading', { name: 'Ein neues Passwort für Grace Hopper' }),
    ).toBeVisible();
  });
});

describe('a link to set a new password', () => {
  it('is looked up once and leaves no code in the address', async () => {
    history.replaceState(null, '', '/calls#reset=Zm9yZ290dGVu');
    const { asked, show } = stage({ view: view({ type: 'loading' }) });
    expect(location.href).not.toContain('Zm9yZ290dGVu');
    expect(location.pathname).toBe('/calls');
    expect(asked()).toEqual([]);
    show(view(signedOut()));
    await waitFor(() => expect(asked()).toEqual([{ type: 'check_reset', code: 'Zm9yZ290dGVu' }]));
    expect(codeField()).toHaveValue('Zm9yZ290dGVu');
    show(view(signedOut({ busy: true })));
    show(view(signedOut({ problem: { type: 'unreachable' } })));
    expect(screen.getByRole('alert')).toHaveTextContent(/cannot be reached/);
    expect(asked()).toHaveLength(1);
    await press('Go on');
    expect(asked()).toHaveLength(2);
  });

  it('is taken up where the page is open already', async () => {
    const { asked } = stage({ view: view(signedOut({ reset })) });
    location.hash = '#reset=newer';
    await waitFor(() => expect(asked()).toEqual([{ type: 'check_reset', code: 'newer' }]));
    expect(location.hash).toBe('');
  });

  it('does nothing where somebody is signed in, and says so', async () => {
    history.replaceState(null, '', '/#reset=Zm9yZ290dGVu');
    const { asked } = stage({ view: view(home()) });
    flushSync();
    const dialog = await screen.findByRole('dialog', { name: 'A link to set a new password' });
    expect(dialog).toHaveTextContent(/signed in here as Ada Lovelace, so the link does nothing/);
    await userEvent.click(screen.getAllByRole('button', { name: 'Close' })[0] as HTMLElement);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(asked()).toEqual([]);
  });
});
