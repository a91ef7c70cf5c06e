import { expectMoving } from '../harness/media.ts';
import { expect, test } from '../harness/test.ts';

/** As `SEAT_LEFT_MS` of `crates/protocol`, and what a slow machine takes beyond it. */
const GRACE = 15_000 + 5_000;

test('who closes the window of a call is named at once, and the call soon ends with those words', async ({
  street,
}) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.accept.click();
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada');

  await grace.page.close();
  await expect(ada.call.region).toContainText(`${grace.name}’s window was closed`, {
    timeout: 3_000,
  });
  await expect(ada.call.region).toContainText(`${grace.name} closed the call’s window`, {
    timeout: GRACE,
  });
  await expect(ada.call.region).not.toContainText('network');
  await ada.call.region.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(ada.home.timeline, 'no “Connection lost” in the history').not.toContainText('lost');
});

test('another page in the place of the call is a closed window too', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.accept.click();
  await grace.call.expectLive();
  await grace.page.goto('about:blank');
  await expect(ada.call.region).toContainText(`${grace.name}’s window was closed`, {
    timeout: 3_000,
  });
});

test('a page that is loaded anew is no closed window for longer than that takes', async ({
  street,
}) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.accept.click();
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada');
  await grace.page.reload();
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada, after the reload');
  await expect(ada.call.region).not.toContainText('window was closed');
});

test('a call stops ringing with the window of its caller, and is missed', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await grace.home.leaveConversation();
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom(ada.name);
  await ada.page.close();
  await expect(grace.incoming.dialog).toBeHidden({ timeout: 3_000 });
  await expect(grace.home.conversation(ada.name)).toHaveAccessibleDescription(/1 missed call/);
});

test('a call whose last ringing window was closed does not say that it rings', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom(ada.name);
  await expect(ada.call.region).toContainText('Ringing…');
  await grace.page.close();
  await expect(ada.call.region).toContainText('Calling…', { timeout: 3_000 });
});
