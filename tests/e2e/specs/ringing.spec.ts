import { expectMoving, expectSound } from '../harness/media.ts';
import { befriend, makeAccount } from '../harness/account.ts';
import { expect, test } from '../harness/test.ts';

test('declining ends the call at both sides, in words', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom(ada.name);
  await grace.incoming.decline.click();
  await expect(ada.call.region).toContainText(/declined/i);
  await expect(grace.incoming.dialog).toBeHidden();
  await expect(grace.home.timeline).toContainText(/declined/i);
});

test('Escape declines', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom(ada.name);
  await grace.incoming.press('Escape');
  await expect(ada.call.region).toContainText(/declined/i);
});

test('a cancelled call stops ringing and stands out as missed', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await grace.home.leaveConversation();
  await ada.home.videoCall.click();
  await grace.incoming.expectFrom(ada.name);
  await ada.call.cancel.click();
  await expect(grace.incoming.dialog).toBeHidden();
  await expect(grace.home.conversation(ada.name)).toHaveAccessibleDescription(/1 missed call/);
  await grace.home.callsTab.click();
  await expect(grace.home.history).toContainText(/missed/i);
});

test('somebody who is in a call is busy for a third person, and the call goes on', async ({
  relay,
  street,
}) => {
  const { ada, grace } = await street.pair();
  const third = await makeAccount(relay, 'Hedy');
  await befriend(relay, third, grace.account);
  const hedy = await street.signIn(third);
  await hedy.home.open(grace.name);
  await ada.home.voiceCall.click();
  await grace.incoming.accept.click();
  await expectSound(ada.page, 'Grace at Ada');

  await hedy.home.voiceCall.click();
  await expect(hedy.call.region).toContainText('is in another call');
  await expect(grace.incoming.dialog).toBeHidden();
  await expectSound(ada.page, 'Grace at Ada, still');
});

test('two people who call each other at the same moment are in one call', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await Promise.all([ada.home.videoCall.click(), grace.home.videoCall.click()]);
  await Promise.all([
    expectMoving(ada.call.video(grace.name), 'Grace at Ada'),
    expectMoving(grace.call.video(ada.name), 'Ada at Grace'),
    expectSound(ada.page, 'Grace at Ada'),
    expectSound(grace.page, 'Ada at Grace'),
  ]);
});

test('a call rings in every window of a browser and is answered in one of them', async ({ street }) => {
  const { ada, grace } = await street.pair();
  const other = await grace.anotherWindow();
  await other.home.expectShown();
  await ada.home.videoCall.click();
  await grace.incoming.expectFrom(ada.name);
  await other.incoming.expectFrom(ada.name);
  await other.incoming.accept.click();
  await expect(grace.incoming.dialog).toBeHidden({ timeout: 1_000 });
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada');
  await expectMoving(other.call.video(ada.name), 'Ada at Grace');
});

test('a call rings on every device and the others learn that one answered', async ({ street }) => {
  const { ada, grace } = await street.pair();
  const tablet = await street.signIn(grace.account);
  await ada.home.videoCall.click();
  await grace.incoming.expectFrom(ada.name);
  await tablet.incoming.expectFrom(ada.name);
  await tablet.incoming.accept.click();
  await expect(grace.incoming.dialog).toBeHidden({ timeout: 1_000 });
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada');
  await expectMoving(tablet.call.video(ada.name), 'Ada at Grace');
  await expect(
    grace.home.conversation(ada.name),
    'answered elsewhere is not missed',
  ).not.toHaveAccessibleDescription(/missed/);
});

test('declining on one device stops the ringing on the other', async ({ street }) => {
  const { ada, grace } = await street.pair();
  const tablet = await street.signIn(grace.account);
  await ada.home.voiceCall.click();
  await tablet.incoming.expectFrom(ada.name);
  await grace.incoming.decline.click();
  await expect(tablet.incoming.dialog).toBeHidden({ timeout: 1_000 });
});

test('a call that nobody answers ends after a minute, as missed', async ({ street }) => {
  test.setTimeout(120_000);
  const { ada, grace } = await street.pair();
  await grace.home.leaveConversation();
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom(ada.name);
  await expect(grace.incoming.dialog).toBeHidden({ timeout: 70_000 });
  await expect(ada.call.region).toContainText(/didn’t answer/);
  await expect(grace.home.conversation(ada.name)).toHaveAccessibleDescription(/1 missed call/);
});
