import { expectMoving, expectSound } from '../harness/media.ts';
import { expect, test } from '../harness/test.ts';

test('a call outlives the relay, which comes back and records its end', async ({
  relay,
  street,
  watch,
}) => {
  watch.expect(/WebSocket connection to .* failed/);
  watch.expect(/ERR_CONNECTION_REFUSED/);
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.accept.click();
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada');

  await relay.kill();
  await expect(ada.home.offline).toContainText('Your call goes on');
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada, without a relay');
  await expectSound(grace.page, 'Ada at Grace, without a relay');
  await ada.call.mute.click();
  await expect(grace.call.status, 'over the data channel').toContainText('Ada muted');

  await relay.restart();
  await expect(ada.call.region).toBeVisible();
  await expectMoving(grace.call.video(ada.name), 'Ada at Grace, after the restart');
  for (const person of [ada, grace]) {
    await expect(person.home.offline).toBeHidden({ timeout: 20_000 });
  }

  await grace.call.hangUp.click();
  await expect(ada.call.region).toBeHidden();
  await ada.home.callsTab.click();
  await expect(ada.home.history.getByRole('listitem')).toHaveCount(1);
  await expect(ada.home.history).toContainText(/Video call/);
});
