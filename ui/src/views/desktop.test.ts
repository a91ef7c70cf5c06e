import { screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { RIGHT, stage } from '../dev/render';
import { scenes } from '../dev/scenes';
import { signedOut, view } from '../dev/views';

function scene(name: string) {
  const found = scenes[name];
  if (!found) throw new Error(`no scene ${name}`);
  return stage(found);
}

describe('the relay on the desktop', () => {
  it('is asked for, once a person pauses', async () => {
    const { asked, show } = scene('welcome-desktop');
    const field = screen.getByRole('textbox', { name: 'Relay' });
    await userEvent.type(field, 'calls.example.org');
    expect(asked()).toEqual([]);
    await waitFor(() =>
      expect(asked()).toEqual([{ type: 'set_relay', address: 'calls.example.org' }]),
    );
    show(view(signedOut({ relay_version: '0.1.0' })));
    expect(screen.getByText('Bellwire 0.1.0 answers there.')).toBeVisible();
  });

  it('is asked for at once when the field is left', async () => {
    const { asked } = scene('welcome-desktop');
    await userEvent.type(screen.getByRole('textbox', { name: 'Relay' }), 'calls.example.org');
    await userEvent.tab();
    expect(asked()).toEqual([{ type: 'set_relay', address: 'calls.example.org' }]);
  });

  it('says beside the field what is wrong with it, and not twice', () => {
    scene('welcome-desktop-wrong');
    const field = screen.getByRole('textbox', { name: 'Relay' });
    expect(field).toBeInvalid();
    expect(field).toHaveAccessibleDescription(/cannot be reached/);
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('a system without a keyring', () => {
  it('wants a passphrase that is long enough', async () => {
    const { host } = scene('no-keyring');
    const field = screen.getByLabelText('Passphrase');
    await userEvent.type(field, 'short');
    await userEvent.click(screen.getByRole('button', { name: 'Use this passphrase' }));
    expect(field).toBeInvalid();
    expect(host.desktop?.passphrases).toEqual([]);
    await userEvent.type(field, ' no more');
    await userEvent.click(screen.getByRole('button', { name: 'Use this passphrase' }));
    expect(host.desktop?.passphrases).toEqual(['short no more']);
  });

  it('can go on without keeping anything', async () => {
    const { host } = scene('no-keyring');
    await userEvent.click(screen.getByRole('button', { name: 'Go on without keeping anything' }));
    expect(host.desktop?.forgets).toBe(true);
  });

  it('says when a passphrase is wrong, and lets try again', async () => {
    scene('unlock');
    const field = screen.getByLabelText('Passphrase');
    await userEvent.type(field, 'a');
    await userEvent.click(screen.getByRole('button', { name: 'Unlock' }));
    expect(await screen.findByText('That is not the passphrase.')).toBeVisible();
    await userEvent.clear(field);
    await userEvent.type(field, RIGHT);
    await userEvent.click(screen.getByRole('button', { name: 'Unlock' }));
    await waitFor(() => expect(field).toBeValid());
  });
});

describe('a link from outside', () => {
  it('calls nobody until the person chose', async () => {
    const { asked } = scene('link-call');
    expect(asked()).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Video call' }));
    expect(asked()).toEqual([{ type: 'place_call', conversation: 'grace', media: 'video' }]);
    expect(screen.queryByRole('dialog', { name: 'Call from a link' })).toBeNull();
  });

  it('can be refused', async () => {
    const { asked } = scene('link-call');
    await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(asked()).toEqual([]);
  });

  it('to a stranger asks for a contact, and calls nobody', async () => {
    const { asked } = scene('link-call-unknown');
    await userEvent.click(screen.getByRole('button', { name: 'Send request' }));
    expect(asked()).toEqual([{ type: 'add_contact', username: 'mallory' }]);
  });

  it('changes the relay only when the person says so', async () => {
    const { asked } = scene('link-relay');
    expect(screen.getByRole('dialog')).toHaveTextContent('calls.elsewhere.example');
    expect(asked()).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Use this relay' }));
    expect(asked()).toEqual([{ type: 'set_relay', address: 'calls.elsewhere.example' }]);
    expect(screen.getByRole('textbox', { name: 'Relay' })).toHaveValue('calls.elsewhere.example');
  });
});

describe('a newer version of the app', () => {
  it('is seen and said on the way to it', async () => {
    scene('update');
    const settings = screen.getByRole('button', { name: 'Settings' });
    expect(settings).toHaveAccessibleDescription('Version 1.2.0 waits to be installed.');
    expect(settings.querySelector('.news-dot')).not.toBeNull();
    await userEvent.click(settings);
    const app = screen.getByRole('link', { name: 'This app' });
    expect(app).toHaveAccessibleDescription('Version 1.2.0 waits to be installed.');
    expect(app.querySelector('.news-dot')).not.toBeNull();
    expect(document.querySelectorAll('nav .news-dot')).toHaveLength(1);
  });

  it('that was not found is not told of', () => {
    scene('home');
    const settings = screen.getByRole('button', { name: 'Settings' });
    expect(settings).toHaveAccessibleDescription('Settings');
    expect(document.querySelector('.news-dot')).toBeNull();
  });

  it('is installed when the person says so', async () => {
    const { host } = scene('settings-app-update');
    expect(screen.getByText(/Version 1\.2\.0 is there/)).toBeVisible();
    expect(host.desktop?.updates).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Install and restart' }));
    expect(host.desktop?.updates).toEqual(['install']);
  });

  it('waits for the end of a call', () => {
    scene('settings-app-update-in-call');
    expect(screen.getByText(/when your call is over/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Install and restart' })).toBeDisabled();
  });

  it('can be looked for again when that failed, and says why it did', async () => {
    const { host } = scene('settings-app-update-failed');
    expect(screen.getByText(/the signature is another/)).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Look for updates' }));
    expect(host.desktop?.updates).toEqual(['look']);
  });
});
