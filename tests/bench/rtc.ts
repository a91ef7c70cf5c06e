/**
 * Times calls between the command line and Chromium, both ways, and looks at what a call takes.
 * BELLWIRE_RELAY_BIN and BELLWIRE_CLI_BIN should name release builds. One JSON object a line.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { befriend, makeAccount } from '../e2e/harness/account.ts';
import { chromium, withDevices } from '../e2e/harness/chromium.ts';
import { CommandLine, films, speech } from '../e2e/harness/cli.ts';
import { Relay } from '../e2e/harness/relay.ts';
import { Home } from '../e2e/pages/home.ts';
import { Welcome } from '../e2e/pages/welcome.ts';
import { BROKEN_MS, clickOf, warm, warmContext } from './calls.ts';
import { print } from './figures.ts';

const CALLS = Number(process.env['BELLWIRE_BENCH_CALLS'] ?? 20);
/** The relay lets one person ring another three times in five minutes: three each way. */
const CALLS_OF_A_PAIR = 6;
/** How long a call is watched for what it takes, in ms. */
const WATCH_MS = 15_000;
/** Clock ticks in a second, which Linux counts CPU time in. */
const TICKS = 100;

const media = ['--voice', speech, ...films.flatMap((film) => ['--video', film]), '--loopback'];
/** Answer → first frame, at either end, in ms. */
const atCli: number[] = [];
const atBrowser: number[] = [];
const cpu: number[] = [];
const memory: number[] = [];

const relay = await Relay.start();
const browser = await chromium.launch(withDevices);
try {
  while (atCli.length < CALLS) {
    const [ada, robot] = [await makeAccount(relay, 'Ada'), await makeAccount(relay, 'Robot')];
    await befriend(relay, ada, robot);
    const context = await warmContext(browser, relay.origin);
    const page = await context.newPage();
    await page.goto('/');
    const welcome = new Welcome(page);
    await welcome.signIn(ada);
    await welcome.skipDeviceCheck();
    await new Home(page).open(robot.name);
    await warm(page);

    for (let call = 0; call < CALLS_OF_A_PAIR && atCli.length < CALLS; call += 1) {
      await page.evaluate(() => window.stopwatch.reset());
      const calls = call % 2 === 0;
      const task = calls ? ['call', ada.username] : ['answer', '--auto'];
      const cli = new CommandLine(relay, robot, [...task, ...media]);
      try {
        if (calls) {
          await page
            .getByRole('alertdialog', { name: 'Incoming call' })
            .getByRole('button', { name: 'Accept', exact: true })
            .click({ timeout: BROKEN_MS });
        } else {
          await cli.until('waits', ({ type }) => type === 'waiting');
          await page.getByRole('button', { name: 'Video call', exact: true }).click();
        }
        const first = await cli.until('a picture', ({ type }) => type === 'first_picture');
        await page.waitForFunction(() => window.stopwatch.marks.frame !== null, undefined, {
          timeout: BROKEN_MS,
          polling: 50,
        });
        const marks = await page.evaluate(() => window.stopwatch.marks);
        const answered = calls
          ? clickOf(marks, 'Accept')
          : (await cli.until('answers', ({ type }) => type === 'answering')).at;
        atCli.push(first.at - answered);
        atBrowser.push((marks.frame ?? Number.NaN) - answered);
        if (call < 2 && cpu.length < 2) {
          const before = await ticks(cli.pid);
          await delay(WATCH_MS);
          cpu.push((((await ticks(cli.pid)) - before) / TICKS / (WATCH_MS / 1000)) * 100);
          memory.push((await resident(cli.pid)) / 1024);
        }
        await page.getByRole('button', { name: 'Hang up', exact: true }).click();
        await cli.exit();
        await page.getByRole('region', { name: 'Call', exact: true }).waitFor({ state: 'hidden' });
      } finally {
        cli.kill();
      }
    }
    await context.close();
  }
} finally {
  await browser.close();
  await relay.remove();
}

const atMost = (limit: number) => (p50: number) => p50 <= limit;
print('answer_to_first_frame_command_line', 'ms', atCli, null, 'p50 <= 140', atMost(140));
print('answer_to_first_frame_chromium', 'ms', atBrowser, null, 'p50 <= 140', atMost(140));
print('call_cpu', '% of one core', cpu, null, '<= 8', atMost(8));
print('call_memory', 'MiB', memory, null, '<= 40', atMost(40));

/** CPU time that a process took so far, in clock ticks. */
async function ticks(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory of a process, in KiB. */
async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}
