import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { befriend, makeAccount } from '../harness/account.ts';
import { CommandLine, films, speech } from '../harness/cli.ts';
import { expectMoving, expectSound } from '../harness/media.ts';
import { expect, test } from '../harness/test.ts';

const media = ['--voice', speech, ...films.flatMap((film) => ['--video', film]), '--loopback'];

/** Frames in an IVF file whose header was completed. */
async function framesOf(film: string): Promise<number> {
  return (await readFile(film)).readUInt32LE(24);
}

test('the command line answers a browser, with sound and pictures both ways, and records them', async ({
  relay,
  street,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'bellwire-cli-'));
  const [ada, cli] = [await makeAccount(relay, 'Ada'), await makeAccount(relay, 'Robot')];
  await befriend(relay, ada, cli);
  const robot = new CommandLine(relay, cli, ['answer', '--auto', '--record', folder, ...media]);
  try {
    await robot.until('waits', ({ type }) => type === 'waiting');
    const person = await street.signIn(ada);
    await person.home.open(cli.name);
    await person.home.videoCall.click();
    await expectMoving(person.call.video(cli.name), 'the film');
    await expectSound(person.page, 'the speech');
    await expect(() => {
      const seconds = robot.lines.filter(({ type }) => type === 'figures').length;
      expect(seconds, 'seconds of talking').toBeGreaterThanOrEqual(4);
      const figures = robot.figures;
      expect(figures?.['framesPerSecond'], 'pictures of the browser').toBeGreaterThan(5);
      expect(figures?.['levelOut'], 'the beep of the browser, in dB').toBeGreaterThan(-60);
    }).toPass({ timeout: 15_000 });

    await person.call.hangUp.click();
    expect(await robot.exit(), 'a call that somebody ended is a success').toBe(0);
    expect(robot.lines.at(-1)).toMatchObject({ type: 'ended', reason: 'ended' });
    expect(await framesOf(join(folder, 'camera.ivf')), 'recorded pictures').toBeGreaterThan(30);
    expect((await stat(join(folder, 'sound.wav'))).size, 'recorded sound').toBeGreaterThan(96_000);
  } finally {
    robot.kill();
    await rm(folder, { recursive: true, force: true });
  }
});

test('the command line calls a browser, survives the relay, and hangs up by itself', async ({
  relay,
  street,
  watch,
}) => {
  watch.expect(/WebSocket connection to .* failed/);
  watch.expect(/ERR_CONNECTION_REFUSED/);
  const [ada, cli] = [await makeAccount(relay, 'Ada'), await makeAccount(relay, 'Robot')];
  await befriend(relay, ada, cli);
  const person = await street.signIn(ada);
  await person.home.open(cli.name);
  const robot = new CommandLine(relay, cli, ['call', ada.username, '--for', '12', ...media]);
  try {
    await person.incoming.expectFrom(cli.name);
    await person.incoming.accept.click();
    await expectMoving(person.call.video(cli.name), 'the film');
    await relay.kill();
    await expectSound(person.page, 'the speech without a relay');
    await expectMoving(person.call.video(cli.name), 'the film without a relay');
    await relay.restart();
    await expect(person.call.region, 'it hung up').toBeHidden({ timeout: 30_000 });
    expect(await robot.exit(), 'it was a success').toBe(0);
  } finally {
    robot.kill();
  }
});

test('the exit code says how a call ended', async ({ relay, street }) => {
  const [ada, cli] = [await makeAccount(relay, 'Ada'), await makeAccount(relay, 'Robot')];
  await befriend(relay, ada, cli);
  const person = await street.signIn(ada);
  const declined = new CommandLine(relay, cli, ['call', ada.username, '--voice', speech]);
  await person.incoming.expectFrom(cli.name);
  await person.incoming.decline.click();
  expect(await declined.exit(), 'declined').toBe(3);

  const nobody = new CommandLine(relay, cli, ['call', 'nobody-here', '--voice', speech]);
  expect(await nobody.exit(), 'no contact').toBe(1);
  const stranger = { ...cli, password: 'not the password at all' };
  const refused = new CommandLine(relay, stranger, ['status']);
  expect(await refused.exit(), 'a wrong password').toBe(1);
});
