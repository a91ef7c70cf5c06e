import { asking } from '../harness/chromium.ts';
import { expect, test } from '../harness/test.ts';

test.use({ launchOptions: asking });

test('with camera and microphone denied a call is made, answered and held', async ({ street }) => {
  const { ada, grace } = await street.pair();
  // An empty grant refuses everything that would be asked.
  for (const { context } of [ada, grace]) await context.grantPermissions([]);
  await ada.home.videoCall.click();
  await grace.incoming.expectFrom(ada.name);
  await grace.incoming.accept.click();
  for (const person of [ada, grace]) {
    await person.call.expectLive();
    await expect(person.call.problems.filter({ hasText: 'may not use your microphone' })).toBeVisible();
    await expect(person.call.problems.filter({ hasText: 'may not use your camera' })).toBeVisible();
  }
  for (const person of [ada, grace]) {
    await expect(person.call.region, 'why the other is neither heard nor seen').toContainText(
      /microphone not allowed/,
    );
    await expect(person.call.region).toContainText(/camera not allowed/);
    await expect(person.call.region, 'nobody muted').not.toContainText(/muted/);
  }
  await ada.call.write('I can write, at least.');
  await grace.call.chat.click();
  await expect(grace.call.messages).toContainText('I can write, at least.');
  await ada.call.hangUp.click();
  await expect(grace.call.region).toBeHidden();
});
