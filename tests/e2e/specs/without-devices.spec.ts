import { existsSync } from 'node:fs';

import { withoutDevices } from '../harness/chromium.ts';
import { expect, test } from '../harness/test.ts';

test.use({ launchOptions: withoutDevices });
test.skip(existsSync('/dev/video0'), 'Chromium cannot be told to overlook a camera that is there');

test('without camera and microphone a call is made, answered and held', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.expectFrom(ada.name);
  await grace.incoming.accept.click();
  for (const person of [ada, grace]) {
    await person.call.expectLive();
    await expect(person.call.problems.filter({ hasText: 'finds no microphone' })).toBeVisible();
    await expect(person.call.problems.filter({ hasText: 'finds no camera' })).toBeVisible();
  }
  for (const person of [ada, grace]) {
    await expect(person.call.region, 'why the other is neither heard nor seen').toContainText(
      /no microphone/,
    );
    await expect(person.call.region).toContainText(/no camera/);
    await expect(person.call.region, 'nobody muted').not.toContainText(/muted/);
  }
  await ada.call.write('I can write, at least.');
  await grace.call.chat.click();
  await expect(grace.call.messages).toContainText('I can write, at least.');
  await ada.call.hangUp.click();
  await expect(grace.call.region).toBeHidden();
});
