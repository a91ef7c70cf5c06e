import { expectMoving, expectSilence, expectSound, expectStill, mediaUse } from '../harness/media.ts';
import type { Person } from '../harness/person.ts';
import { expect, test } from '../harness/test.ts';

/** Both see and hear each other. */
async function expectVideoBothWays(one: Person, other: Person): Promise<void> {
  await Promise.all([
    expectMoving(one.call.video(other.name), `${other.name} at ${one.name}`),
    expectMoving(other.call.video(one.name), `${one.name} at ${other.name}`),
    expectSound(one.page, `${other.name} at ${one.name}`),
    expectSound(other.page, `${one.name} at ${other.name}`),
  ]);
}

test('a video call rings, is accepted, shows and sounds at both sides, and ends in the history', async ({
  street,
}) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await expect(ada.call.region).toBeVisible();
  await grace.incoming.expectFrom(ada.name);
  await expect(ada.call.region, 'the caller learns that it rings').toContainText('Ringing');
  await grace.incoming.accept.click();
  await expectVideoBothWays(ada, grace);
  await expectMoving(ada.call.own, 'the own picture');

  await ada.call.hangUp.click();
  for (const person of [ada, grace]) {
    await expect(person.call.region).toBeHidden();
    await expect(person.home.videoCall, 'back at the conversation').toBeVisible();
  }
  await expect(ada.home.timeline).toContainText(/Video call/);
  await expect(grace.home.timeline).toContainText(/Video call/);
});

test('a voice call never opens the camera, on either side', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom(ada.name);
  await expect(grace.incoming.acceptWithoutVideo, 'there is no picture to leave out').toBeHidden();
  await grace.incoming.accept.click();
  await Promise.all([
    expectSound(ada.page, 'Grace at Ada'),
    expectSound(grace.page, 'Ada at Grace'),
  ]);
  for (const person of [ada, grace]) {
    expect((await mediaUse(person.page)).cameraCaptures, `${person.name}: cameras opened`).toBe(0);
  }
});

test('before it is accepted, a ringing browser has opened no connection and no device', async ({
  street,
}) => {
  const { ada, grace } = await street.pair();
  const before = await mediaUse(grace.page);
  await ada.home.videoCall.click();
  await grace.incoming.expectFrom(ada.name);
  await expect(ada.call.region).toContainText('Ringing');
  expect(await mediaUse(grace.page), 'media used while ringing').toEqual(before);
  await grace.incoming.decline.click();
  await expect(grace.incoming.dialog).toBeHidden();
  expect(await mediaUse(grace.page), 'media used after declining').toEqual(before);
});

test('muting silences the sound at the other side, which is told', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.accept.click();
  await expectSound(ada.page, 'Grace at Ada');
  await expect(grace.call.mute).toHaveAttribute('aria-pressed', 'false');

  await grace.call.mute.click();
  await expect(grace.call.mute).toHaveAttribute('aria-pressed', 'true');
  await expect(ada.call.status).toContainText('Grace muted');
  await expectSilence(ada.page, 'muted Grace at Ada');

  await grace.call.mute.click();
  await expect(grace.call.mute).toHaveAttribute('aria-pressed', 'false');
  await expectSound(ada.page, 'Grace at Ada, not muted any more');
});

test('switching the camera off and on is seen at the other side', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.accept.click();
  const picture = ada.call.video(grace.name);
  await expectMoving(picture, 'Grace at Ada');

  await grace.call.camera.click();
  await expect(grace.call.camera).toHaveAttribute('aria-pressed', 'false');
  await expect(picture, 'no picture, no frozen one either').toBeHidden();

  await grace.call.camera.click();
  await expect(grace.call.camera).toHaveAttribute('aria-pressed', 'true');
  await expectMoving(picture, 'Grace at Ada, switched on again');
});

test('a voice call becomes one with a picture when somebody switches the camera on', async ({
  street,
}) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.accept.click();
  await expectSound(ada.page, 'Grace at Ada');
  await grace.call.camera.click();
  await expectMoving(ada.call.video(grace.name), 'Grace at Ada');
  expect((await mediaUse(ada.page)).cameraCaptures, 'cameras that Ada opened').toBe(0);
});

test('a video call can be accepted without the own picture', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.acceptWithoutVideo.click();
  await expectMoving(grace.call.video(ada.name), 'Ada at Grace');
  await expectSound(ada.page, 'Grace at Ada');
  expect((await mediaUse(grace.page)).cameraCaptures, 'cameras that Grace opened').toBe(0);
  await expect(grace.call.camera).toHaveAttribute('aria-pressed', 'false');
});

test('a picture that is higher than wide is seen whole', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.page.evaluate(() => {
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (wanted) =>
      open(wanted?.video ? { video: { width: { exact: 480 }, height: { exact: 640 } } } : wanted);
  });
  await ada.home.videoCall.click();
  await grace.incoming.accept.click();
  const picture = grace.call.video(ada.name);
  await expectMoving(picture, `${ada.name} at ${grace.name}`);
  const shape = await picture.evaluate((video: HTMLVideoElement) => video.videoHeight / video.videoWidth);
  expect(shape, 'it is upright').toBeGreaterThan(1);
  const [inner, outer] = [await picture.boundingBox(), await grace.call.region.boundingBox()];
  expect(inner?.height, 'and no higher than where it is shown').toBeLessThanOrEqual(outer?.height ?? 0);
});

test('chat goes both ways in a call and is kept after it and after a reload', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.accept.click();
  await expectSound(ada.page, 'Grace at Ada');

  await ada.call.write('Do you see the bug?');
  await grace.call.write('The moth? Yes.');
  for (const person of [ada, grace]) {
    await expect(person.call.messages).toContainText('Do you see the bug?');
    await expect(person.call.messages).toContainText('The moth? Yes.');
  }

  await grace.call.hangUp.click();
  for (const [person, other] of [[ada, grace], [grace, ada]] as const) {
    await expect(person.home.timeline).toContainText('The moth? Yes.');
    await person.page.reload();
    await person.home.open(other.name);
    await expect(person.home.timeline, 'after a reload').toContainText('Do you see the bug?');
    await expect(person.home.timeline, 'after a reload').toContainText('The moth? Yes.');
  }
});

test('leaving the stage keeps the call, and a bar leads back to it', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.accept.click();
  await expectVideoBothWays(ada, grace);

  await ada.call.leaveStage.click();
  await expect(ada.home.conversations).toBeVisible();
  await expect(ada.home.callBar).toContainText(`In call with ${grace.name}`);
  await expectSound(ada.page, 'Grace, while Ada is elsewhere');
  await expectMoving(grace.call.video(ada.name), 'Ada at Grace, while Ada is elsewhere');
  await ada.home.returnToCall.click();
  await expectVideoBothWays(ada, grace);
});

test('a reload comes back into the same call', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.videoCall.click();
  await grace.incoming.accept.click();
  await expectVideoBothWays(ada, grace);

  await ada.page.reload();
  await ada.call.expectLive();
  await expectVideoBothWays(ada, grace);

  await grace.page.reload();
  await grace.call.expectLive();
  await expectVideoBothWays(ada, grace);

  await ada.call.hangUp.click();
  await grace.home.callsTab.click();
  await expect(grace.home.history.getByRole('listitem'), 'one call, not three').toHaveCount(1);
});

test('the keys of a call work, and not while somebody writes', async ({ street }) => {
  const { ada, grace } = await street.pair();
  await ada.home.voiceCall.click();
  await grace.incoming.expectFrom(ada.name);
  await grace.incoming.press('Enter');
  await expectSound(ada.page, 'Grace at Ada');

  await grace.page.keyboard.press('m');
  await expect(ada.call.status).toContainText('Grace muted');
  await grace.page.keyboard.press('c');
  await grace.call.message.fill('');
  await grace.call.message.pressSequentially('mm');
  await expect(grace.call.mute, 'writing is not a key').toHaveAttribute('aria-pressed', 'true');
  await grace.page.keyboard.press('Control+Shift+H');
  await expect(grace.call.message, 'nor is a chord').toBeVisible();
  await grace.call.message.blur();
  await grace.page.keyboard.press('Control+Shift+H');
  await expect(ada.call.region).toBeHidden();
});
