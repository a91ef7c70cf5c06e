import type { BrowserContextOptions, Page } from '@playwright/test';

import { expectMoving } from './media.ts';
import { expect, type Street } from './test.ts';
import { Settings } from '../pages/settings.ts';

/** What is done at each stop. */
export type Visit = (screen: string, page: Page) => Promise<void>;

/** Before anybody is signed in, and just after. */
export async function tourOfTheDoor(
  street: Street,
  options: BrowserContextOptions,
  visit: Visit,
): Promise<void> {
  const hedy = await street.stranger(options);
  await hedy.welcome.expectShown();
  await visit('welcome', hedy.page);
  await hedy.welcome.forgotButton.click();
  await expect(hedy.welcome.resetCode).toBeFocused();
  await visit('forgot-password', hedy.page);
  await hedy.page.getByRole('button', { name: 'Back to sign-in' }).click();
  await hedy.welcome.createAccountButton.click();
  await expect(hedy.welcome.name).toBeVisible();
  await visit('create-account', hedy.page);
  await hedy.welcome.createAccount({
    username: 'hedy',
    name: 'Hedy Lamarr',
    password: 'frequency hopping',
  });
  await expect(hedy.welcome.deviceCheck).toBeVisible();
  await visit('device-check', hedy.page);
  await hedy.welcome.skipDeviceCheck();
  await expect(hedy.home.conversations).toContainText('No conversations yet');
  await visit('home-empty', hedy.page);
  await hedy.home.addContact.click();
  await visit('add-contact', hedy.page);
}

/** Every screen of a call, and what is left of it. */
export async function tourOfACall(
  street: Street,
  options: BrowserContextOptions,
  visit: Visit,
): Promise<void> {
  const { ada, grace } = await street.pair(options);
  await ada.home.videoCall.click();
  await grace.incoming.expectFrom(ada.name);
  await visit('incoming', grace.page);
  await expect(ada.call.status).toContainText('Ringing');
  await expectMoving(ada.call.own, 'the own picture');
  await visit('dialling', ada.page);

  await grace.incoming.accept.click();
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada');
  await visit('call', ada.page);
  await ada.call.write('Can you see the moth?');
  await grace.call.write('Right here, taped into the log book.');
  await ada.call.write('First actual case of a bug being found.');
  await expect(ada.call.messages).toContainText('log book');
  await expect(grace.call.messages).toContainText('actual case');
  await visit('call-chat', ada.page);
  // On a phone a panel covers the rest.
  if (isNarrow(ada.page)) await ada.call.closePanel.click();
  await ada.call.quality.click();
  await expect(ada.call.region.getByText('Direct')).toBeVisible();
  await visit('call-quality', ada.page);
  if (isNarrow(ada.page)) await ada.call.closePanel.click();
  await ada.call.leaveStage.click();
  await visit('call-bar', ada.page);
  await ada.home.returnToCall.click();
  await ada.call.hangUp.click();
  await expect(grace.call.region).toContainText('Call ended');
  await visit('call-ended', grace.page);
  await expect(grace.call.region).toBeHidden();

  await grace.home.voiceCall.click();
  await ada.incoming.decline.click();
  await expect(grace.call.region).toContainText('declined');
  await visit('call-declined', grace.page);
  await grace.call.region.getByRole('button', { name: 'Close' }).click();
  await ada.home.leaveConversation();
  await grace.home.voiceCall.click();
  await ada.incoming.expectFrom(grace.name);
  await grace.call.cancel.click();
  await expect(ada.incoming.dialog).toBeHidden();
  await visit('home-missed', ada.page);
  await ada.home.open(grace.name);
  await expect(ada.home.timeline).toContainText('Missed call');
  await visit('conversation', ada.page);
  await ada.home.showCalls();
  await expect(ada.home.history).toBeVisible();
  await visit('calls', ada.page);
}

/** How a group is made, asked about, and looks. */
export async function tourOfAGroup(
  street: Street,
  options: BrowserContextOptions,
  visit: Visit,
): Promise<void> {
  const { ada, grace } = await street.pair(options);
  await ada.home.leaveConversation();
  await grace.home.leaveConversation();
  await ada.page.getByRole('button', { name: 'New group' }).click();
  const dialog = ada.page.getByRole('dialog', { name: 'New group' });
  await dialog.getByRole('textbox', { name: 'Name of the group' }).fill('Compilers');
  await dialog.getByRole('checkbox').check();
  await visit('new-group', ada.page);
  await dialog.getByRole('button', { name: 'Create group' }).click();

  const accept = grace.page.getByRole('button', { name: 'Accept the invitation to Compilers' });
  await expect(accept).toBeVisible();
  await visit('group-invitation', grace.page);
  await accept.click();
  await expect(accept).toBeHidden();
  await grace.home.open('Compilers');
  await ada.home.open('Compilers');
  await expect(ada.page.getByRole('main')).toContainText('2 people');
  await visit('group', ada.page);
}

function isNarrow(page: Page): boolean {
  return (page.viewportSize()?.width ?? 0) < 700;
}

/** Every section of the settings. */
export async function tourOfTheSettings(
  street: Street,
  options: BrowserContextOptions,
  visit: Visit,
): Promise<void> {
  const { ada } = await street.pair(options);
  for (const section of Settings.sections) {
    await ada.settings.show(section);
    await visit(`settings-${section.toLowerCase()}`, ada.page);
  }
}
