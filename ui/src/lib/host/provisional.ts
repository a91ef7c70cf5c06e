import type { Account, Command, View } from '../bindings';
import { notedLook } from '../../settings/look';
import { profileNotes } from './notes';

const SIGNED_IN = 'signed-in';

/**
 * The first screen of somebody whom nobody is signed in for, to draw and type on while the core is on
 * its way: on a slow connection it takes seconds longer than everything else. Null where somebody was
 * signed in when this browser was here last.
 */
export function provisionalView(relay: string): View | null {
  if (profileNotes.read(SIGNED_IN) !== null && profileNotes.read(SIGNED_IN) !== '') return null;
  return {
    account: {
      type: 'signed_out',
      busy: false,
      problem: null,
      registration: null,
      relay_version: null,
      former: null,
      reset: null,
    },
    relay_address: relay,
    relay: { type: 'idle' },
    clock_ahead: 0,
    skipped_frames: 0,
    notices: [],
    settings: notedLook(),
  };
}

/** Notes for the next start whether somebody is signed in. */
export function noteAccount(account: Account): void {
  switch (account.type) {
    case 'loading':
      return;
    case 'signed_out':
      return profileNotes.write(SIGNED_IN, account.former ? 'former' : '');
    case 'signed_in':
      return profileNotes.write(SIGNED_IN, 'yes');
  }
}

/** How the first screen looks after a command that waits for the core. */
export function after(view: View, command: Command): View {
  if (view.account.type !== 'signed_out' || !ASKS.includes(command.type)) return view;
  return { ...view, account: { ...view.account, busy: true } };
}

/** What a button of the first screen waits for. */
const ASKS: Command['type'][] = ['sign_in', 'create_account', 'check_reset', 'reset_password'];
