import { makeAccount, makeReset } from '../harness/account.ts';
import { expect, test } from '../harness/test.ts';

test('a wrong password is refused in words, and the right one signs in', async ({
  relay,
  street,
  watch,
}) => {
  watch.expect(/status of 401/);
  const account = await makeAccount(relay, 'Ada');
  const ada = await street.stranger();
  await ada.welcome.signIn({ ...account, password: 'not the password' });
  await expect(ada.welcome.problem(/user ?name or password/i)).toBeVisible();
  await ada.welcome.signIn(account);
  await ada.welcome.skipDeviceCheck();
  await ada.home.expectShown();
});

test('a person makes an account, asks another to be a contact, and they can call', async ({
  street,
}) => {
  const ada = await street.stranger();
  await ada.welcome.createAccount({ username: 'ada', name: 'Ada', password: 'analytical engine' });
  await ada.welcome.skipDeviceCheck();
  await ada.home.expectShown();
  const grace = await street.stranger();
  await grace.welcome.createAccount({ username: 'grace', name: 'Grace', password: 'nanoseconds of wire' });
  await grace.welcome.skipDeviceCheck();
  await grace.home.expectShown();

  await ada.home.askContact('grace');
  await grace.home.acceptContact('Ada');
  await ada.home.open('Grace');
  await grace.home.open('Ada');
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom('Ada');
});

test('a taken name and a weak password are refused in words', async ({ relay, street, watch }) => {
  watch.expect(/status of 4\d\d/);
  const account = await makeAccount(relay, 'Ada');
  const stranger = await street.stranger();
  await stranger.welcome.createAccount({ username: account.username, name: 'Eve', password: 'quite a long secret' });
  await expect(stranger.welcome.problem(/taken/i)).toBeVisible();
  await stranger.welcome.createAccount({ username: 'eve', name: 'Eve', password: 'password123' });
  await expect(stranger.welcome.problem(/most common/)).toBeVisible();
});

test('a reload stays signed in, and signing out does not', async ({ relay, street }) => {
  const ada = await street.signIn(await makeAccount(relay, 'Ada'));
  await ada.page.reload();
  await ada.home.expectShown();
  await ada.settings.show('Account');
  await ada.settings.signOut();
  await ada.welcome.expectShown();
  await ada.page.reload();
  await ada.welcome.expectShown();
});

test('a device that another one signs out is told so', async ({ relay, street }) => {
  const account = await makeAccount(relay, 'Ada');
  const laptop = await street.signIn(account);
  const lost = await street.signIn(account);
  await laptop.settings.show('Account');
  await laptop.settings.signOutOthers();
  await lost.welcome.expectShown();
  await expect(lost.welcome.problem(/signed out|ended/i)).toBeVisible();
  await laptop.page.reload();
  await expect(laptop.settings.sections, 'the one that did it stays').toBeVisible();
});

test('a forgotten password is set anew by a link, which is good once', async ({
  relay,
  street,
  watch,
}) => {
  watch.expect(/status of 40[13]/);
  // The first account administers.
  const administrator = await makeAccount(relay, 'Ada');
  const account = await makeAccount(relay, 'Grace');
  const former = await street.signIn(account);
  const link = `/#reset=${await makeReset(relay, administrator, account)}`;
  const grace = await street.stranger({ viewport: { width: 390, height: 780 } });
  await grace.page.goto(link);
  await grace.welcome.setNewPassword('Grace', 'four loud geese');
  await grace.welcome.skipDeviceCheck();
  await grace.home.expectShown();
  expect(grace.page.url(), 'the code is in no address').not.toContain('reset');

  await expect(former.page.getByText('The relay asks for your password again.')).toBeVisible();
  await expect(former.page.getByText(/A new password was set for you/)).toBeVisible();
  await former.page.goto(link);
  await expect(former.welcome.problem(/wrong, used or expired/)).toBeVisible();
  await expect(former.welcome.resetCode).toBeFocused();
});
