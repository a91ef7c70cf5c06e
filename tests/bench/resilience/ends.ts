/** Two people in networks of their own, in a call of Bellwire or of PeerJS. */
import { join } from 'node:path';

import type { Browser, BrowserContext, Page } from '@playwright/test';

import { befriend, makeAccount } from '../../e2e/harness/account.ts';
import { chromium, withDevices } from '../../e2e/harness/chromium.ts';
import type { Relay } from '../../e2e/harness/relay.ts';
import { Home } from '../../e2e/pages/home.ts';
import { Welcome } from '../../e2e/pages/welcome.ts';
import { BROKEN_MS } from '../calls.ts';
import type { PeerJs } from '../peerjs.ts';
import type { Network } from './networks.ts';
import { soundScript } from './sound.ts';

/** Both ends of a call, in the order of the browsers. */
export interface Call {
  readonly pages: readonly [Page, Page];
  /** Ends the call and closes what it was in. */
  end(): Promise<void>;
}

/**
 * Chromium in somebody's network. What is served at `origins` is taken for secure. The microphone says
 * the file `speech`, or beeps.
 */
export async function launch(
  network: Network,
  origins: readonly string[],
  speech: string | null = null,
): Promise<Browser> {
  return chromium.launch({
    ...withDevices,
    executablePath: await network.chromium(),
    args: [
      ...(withDevices.args ?? []),
      `--unsafely-treat-insecure-origin-as-secure=${origins.join(',')}`,
      ...(speech === null ? [] : [`--use-file-for-fake-audio-capture=${speech}`]),
    ],
  });
}

/** Whether pages hear what the browser says of the network. */
export type Hint = 'with' | 'without';

async function context(browser: Browser, hint: Hint): Promise<BrowserContext> {
  const made = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  await made.addInitScript({ path: soundScript });
  if (hint === 'without') {
    await made.addInitScript({ path: join(import.meta.dirname, 'deaf-page.js') });
  }
  return made;
}

/** A video call of two people who just signed in. */
export async function callBellwire(
  browsers: readonly [Browser, Browser],
  relay: Relay,
  hint: Hint,
): Promise<Call> {
  const ada = await makeAccount(relay, 'Ada');
  const grace = await makeAccount(relay, 'Grace');
  await befriend(relay, ada, grace);
  const contexts = [await context(browsers[0], hint), await context(browsers[1], hint)] as const;
  const pages = [await contexts[0].newPage(), await contexts[1].newPage()] as const;
  for (const [index, [who, other]] of ([[ada, grace], [grace, ada]] as const).entries()) {
    const page = pages[index === 0 ? 0 : 1];
    await page.goto(relay.origin);
    const welcome = new Welcome(page);
    await welcome.signIn(who);
    await welcome.skipDeviceCheck();
    await new Home(page).open(other.name);
  }
  await begin(pages);
  return {
    pages,
    end: async () => {
      await Promise.all(contexts.map((made) => made.close()));
    },
  };
}

let peers = 0;

/** The same through PeerJS. */
export async function callPeerJs(
  browsers: readonly [Browser, Browser],
  peerJs: PeerJs,
  iceServers: readonly RTCIceServer[],
): Promise<Call> {
  const contexts = [await context(browsers[0], 'with'), await context(browsers[1], 'with')] as const;
  peers += 1;
  const [one, other] = [`one${peers}`, `other${peers}`];
  const pages = [
    await peerJs.open(contexts[0], one, other, iceServers),
    await peerJs.open(contexts[1], other, one, iceServers),
  ] as const;
  await begin(pages);
  return {
    pages,
    end: async () => {
      await Promise.all(contexts.map((made) => made.close()));
    },
  };
}

/** Both pages have the same buttons. */
async function begin([caller, callee]: readonly [Page, Page]): Promise<void> {
  await caller.getByRole('button', { name: 'Video call', exact: true }).click();
  await callee
    .getByRole('alertdialog', { name: 'Incoming call' })
    .getByRole('button', { name: 'Accept', exact: true })
    .click({ timeout: BROKEN_MS });
}
