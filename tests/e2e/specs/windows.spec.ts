import { befriend, makeAccount } from '../harness/account.ts';
import { expectMoving, expectSound, mediaUse } from '../harness/media.ts';
import type { Person } from '../harness/person.ts';
import { expectHidden, Profile } from '../harness/profile.ts';
import { expect, test as base } from '../harness/test.ts';

const NOTHING = { connections: 0, captures: 0, cameraCaptures: 0 };

/** Ada, whose windows are tabs of one browser, in a call with Grace. */
interface Call {
  profile: Profile;
  /** The tab of the call. */
  ada: Person;
  /** Another tab of Ada's, which is hidden. */
  other: Person;
  grace: Person;
}

const test = base.extend<{ call: Call }>({
  call: async ({ relay, street }, use) => {
    const [one, two] = await Promise.all([makeAccount(relay, 'Ada'), makeAccount(relay, 'Grace')]);
    await befriend(relay, one, two);
    const grace = await street.signIn(two);
    const profile = await Profile.start();
    const ada = await profile.open(relay, one);
    await ada.welcome.signIn(one);
    await ada.welcome.skipDeviceCheck();
    await ada.home.open(two.name);
    const other = await profile.open(relay, one);
    await other.home.expectShown();
    await ada.page.bringToFront();
    await ada.home.videoCall.click();
    await grace.incoming.accept.click();
    await expectMoving(grace.call.video(one.name), 'Ada at Grace');
    await expectHidden(other.page);
    await use({ profile, ada, other, grace });
    await profile.remove();
  },
});

test('a hidden window opens no device when the window of a call is closed, and the call ends', async ({
  call: { profile, ada, other, grace },
}) => {
  await profile.lookAway();
  await ada.page.close();
  await expect(grace.call.region, 'the call is over').toBeHidden({ timeout: 15_000 });
  await expectHidden(other.page);
  expect(await mediaUse(other.page)).toEqual(NOTHING);
});

test('a window that comes up when that of a call is closed asks before the call goes on in it', async ({
  call: { ada, other, grace },
}) => {
  await ada.page.close();
  await other.page.bringToFront();
  await expect(other.page.getByRole('alert').filter({ hasText: 'was closed' })).toBeVisible();
  expect(await mediaUse(other.page)).toEqual(NOTHING);
  await other.page.getByRole('button', { name: 'Continue here' }).click();
  await expectMoving(grace.call.video(ada.name), 'Ada at Grace, from the other window');
  await expectSound(grace.page, 'Ada at Grace, from the other window');
});

test('a window of a call that is loaded anew while nobody sees it opens no device', async ({
  call: { profile, ada, other, grace },
}) => {
  await profile.lookAway();
  await expectHidden(ada.page);
  await ada.page.reload();
  await expect(grace.call.region, 'the call is over').toBeHidden({ timeout: 15_000 });
  for (const { page } of [ada, other]) {
    await expectHidden(page);
    expect(await mediaUse(page)).toEqual(NOTHING);
  }
});

test('a window of a call that is loaded anew goes on with it', async ({ call: { ada, grace } }) => {
  await ada.page.reload();
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada, after the reload');
  await expectMoving(grace.call.video(ada.name), 'Ada at Grace, after the reload');
});
