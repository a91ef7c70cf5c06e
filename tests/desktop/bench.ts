/**
 * Measures the desktop app against Chromium in the same run, one JSON object a line.
 * BELLWIRE_RELAY_BIN, BELLWIRE_DESKTOP_BIN and BELLWIRE_CLI_BIN should name release builds;
 * BELLWIRE_DEB a package.
 * BELLWIRE_BENCH_STARTS, _CALLS and _SECONDS say how often and how long.
 */
import { statSync } from 'node:fs';

import { print, type Peer } from '../bench/figures.ts';
import { CommandLine, films, speech } from '../e2e/harness/cli.ts';
import { cpuOf, memoryOf, startOf } from './harness/processes.ts';
import { Stage } from './harness/stage.ts';
import { firstPicture, gapsWatched, pressed, watchFirst, watchGaps } from './harness/stopwatch.ts';
import { pause, until } from './harness/waiting.ts';
import { desktopAndBrowser } from './scenes/voice.ts';

const STARTS = Number(process.env['BELLWIRE_BENCH_STARTS'] ?? 10);
const CALLS = Number(process.env['BELLWIRE_BENCH_CALLS'] ?? 12);
const SECONDS = Number(process.env['BELLWIRE_BENCH_SECONDS'] ?? 60);
/** The relay lets one person ring another three times in five minutes. */
const CALLS_EACH_WAY = 3;
/** How long a call rings before it is answered, in ms: people need about a second to press. */
const RING_MS = 1_000;
/** How long nobody asks whether pictures are there, in ms. */
const LOOK_MS = 800;
/** How long a page settles before its memory is looked at, in ms. */
const SETTLE_MS = 10_000;
const MIB = 1 << 20;

const atMost =
  (limit: number) =>
  (p50: number): boolean =>
    p50 <= limit;
const ratioAtMost =
  (limit: number) =>
  (_: number, __: number, ratio: number | null): boolean =>
    ratio !== null && ratio <= limit;
const chromium = (...samples: number[]): Peer => ({ name: 'chromium', samples });

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Has a page's camera give pictures of one size. */
const CAMERA = `
  const [width, height] = parameter.split(' ').map(Number);
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (wanted) =>
    open(wanted.video ? { ...wanted, video: { ...wanted.video, width, height } } : wanted);
`;

/** Whether a page shows a call to accept. */
const RINGS = `
  return [...document.querySelectorAll('button')].some(
    (one) => (one.ariaLabel ?? one.textContent.trim()) === 'Accept',
  );
`;

await start();
await answers();
await answersToCommandLine();
await steady({ width: 640, height: 480 });
await steady({ width: 1280, height: 720 });
await idle();
const deb = process.env['BELLWIRE_DEB'];
if (deb) print('deb', 'MiB', [statSync(deb).size / MIB], null, '<= 20', atMost(20));
process.exit(0);

async function on(play: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = new Stage();
  try {
    await play(stage);
  } finally {
    await stage.end();
  }
}

/** From the start of the process until the sign-in screen is there; what drives it included. */
async function start(): Promise<void> {
  const took: number[] = [];
  await on(async (stage) => {
    const desktop = await stage.desktop('ada');
    for (let at = 0; at < STARTS; at += 1) {
      const window = await desktop.open();
      await window.find('field', 'Relay');
      took.push(Date.now() - startOf(desktop.pid));
      await desktop.kill();
    }
  });
  // The first fills the caches of a new home.
  print('start_to_sign_in', 'ms', took.slice(1), null, 'p50 <= 800', atMost(800));
}

/** From the press of Accept until the other's first picture is shown, at both sides. */
async function answers(): Promise<void> {
  const desktops: number[] = [];
  const browsers: number[] = [];
  while (desktops.length < CALLS) {
    await on(async (stage) => {
      const { desktop, browser } = await desktopAndBrowser(stage, true);
      const { person } = browser;
      await person.home.open(desktop.name);
      const near = desktop.window.page;
      const far = browser.page;
      for (let call = 0; call < 2 * CALLS_EACH_WAY; call += 1) {
        await Promise.all([watchFirst(near, browser.name), watchFirst(far, desktop.name)]);
        const [caller, answerer] = call % 2 === 0 ? [near, far] : [far, near];
        await pressed(caller, 'Video call');
        await until('a ringing call', () => answerer(RINGS, ''));
        await pause(RING_MS);
        const answered = await until('an answer', () => pressed(answerer, 'Accept'));
        // Looking takes what is measured.
        await pause(LOOK_MS);
        const shown = await until('pictures', async () => {
          const both = await Promise.all([firstPicture(near), firstPicture(far)]);
          return both.every((at) => at !== null) && (both as number[]);
        });
        desktops.push((shown[0] ?? Number.NaN) - answered);
        browsers.push((shown[1] ?? Number.NaN) - answered);
        await desktop.window.press('button', 'Hang up');
        await person.call.region.waitFor({ state: 'hidden' });
        await desktop.window.gone('region', 'Call');
      }
    });
  }
  print('answer_to_first_frame_desktop', 'ms', desktops, null, 'p50 <= 200', atMost(200));
  print('answer_to_first_frame_browser', 'ms', browsers, null, 'p50 <= 200', atMost(200));
}

/**
 * The same where the desktop answers, and somebody calls who takes next to nothing of the machine:
 * how much of the time above is that two browsers' worth of work share the processors?
 */
async function answersToCommandLine(): Promise<void> {
  const desktops: number[] = [];
  const clis: number[] = [];
  const media = ['--voice', speech, ...films.flatMap((film) => ['--video', film]), '--loopback'];
  while (desktops.length < CALLS) {
    await on(async (stage) => {
      const relay = await stage.relay();
      const { ada, grace } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name);
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      const { window } = desktop;
      for (let call = 0; call < CALLS_EACH_WAY; call += 1) {
        await watchFirst(window.page, grace.name);
        const cli = new CommandLine(relay, grace, ['call', ada.username, ...media]);
        stage.onEnd(async () => cli.kill());
        await until('a ringing call', () => window.page(RINGS, ''));
        await pause(RING_MS);
        const answered = await until('an answer', () => pressed(window.page, 'Accept'));
        await pause(LOOK_MS);
        desktops.push((await until('pictures', () => firstPicture(window.page))) - answered);
        const first = await cli.until('a picture', ({ type }) => type === 'first_picture');
        clis.push(first.at - answered);
        await window.press('button', 'Hang up');
        await cli.exit();
        await window.gone('region', 'Call');
      }
    });
  }
  const compared = [null, 'for comparison', () => true] as const;
  print('answer_to_first_frame_desktop_of_cli', 'ms', desktops, ...compared);
  print('answer_to_first_frame_cli_of_desktop', 'ms', clis, ...compared);
}

/**
 * A call that nothing disturbs, with cameras of this size: its pictures, and what it takes. What is
 * asked is asked of 640x480.
 */
async function steady({ width, height }: Size): Promise<void> {
  const of = `${width}x${height}`;
  const asked = height === 480;
  await on(async (stage) => {
    const { desktop, browser } = await desktopAndBrowser(stage, true);
    for (const page of [desktop.window.page, browser.page]) await page(CAMERA, `${width} ${height}`);
    await desktop.window.press('button', 'Video call');
    await browser.person.incoming.accept.click();
    const sides = [
      { side: 'desktop', page: desktop.window.page, other: browser.name, place: desktop.place },
      { side: 'browser', page: browser.page, other: desktop.name, place: browser.place },
    ];
    // It begins small and grows.
    await pause(10_000);
    const before = sides.map(({ place }) => cpuOf(place));
    await Promise.all(sides.map(({ page, other }) => watchGaps(page, other)));
    await pause(SECONDS * 1_000);
    const seen = await Promise.all(sides.map(({ page }) => gapsWatched(page)));
    const used = sides.map(({ place }, at) => ((cpuOf(place) - (before[at] ?? 0)) / SECONDS) * 100);
    for (const [at, { side }] of sides.entries()) {
      const { frames, longest, width, height } = seen[at]!;
      print(`pictures_at_${side}_${of}`, 'fps', [frames / SECONDS], null, '>= 28', (p50) => p50 >= 28);
      print(`longest_gap_at_${side}_${of}`, 'ms', [longest], null, '<= 300', atMost(300));
      print(`picture_height_at_${side}_${of}`, 'px', [height], null, `${width} wide`, () => true);
    }
    const met = asked ? ratioAtMost(1.5) : () => true;
    const target = asked ? 'ratio <= 1.5' : 'for comparison';
    print(`cpu_of_a_video_call_${of}`, '% of a core', [used[0]!], chromium(used[1]!), target, met);
  });
}

/** Signed in, and nothing happens. */
async function idle(): Promise<void> {
  await on(async (stage) => {
    const { desktop, browser } = await desktopAndBrowser(stage);
    await browser.person.home.open(desktop.name);
    await pause(SETTLE_MS);
    const [ours, theirs] = [memoryOf(desktop.place) / MIB, memoryOf(browser.place) / MIB];
    print('memory_signed_in', 'MiB', [ours], chromium(theirs), 'ratio <= 0.7', ratioAtMost(0.7));
  });
}
