import type { Browser, BrowserContext, Page } from '@playwright/test';

import { befriend, makeAccount, type Account } from '../e2e/harness/account.ts';
import { Home } from '../e2e/pages/home.ts';
import { Welcome } from '../e2e/pages/welcome.ts';
import type { Relay } from '../e2e/harness/relay.ts';
import { BROKEN_MS, clickOf, warm, warmContext } from './calls.ts';

/** Two people with warm cameras who look at their conversation. */
export interface Pair {
  readonly pages: readonly [Page, Page];
  readonly names: readonly [string, string];
  close(): Promise<void>;
}

export async function openPair(browser: Browser, relay: Relay): Promise<Pair> {
  const ada = await makeAccount(relay, 'Ada');
  const grace = await makeAccount(relay, 'Grace');
  await befriend(relay, ada, grace);
  const contexts: BrowserContext[] = [];
  const enter = async (who: Account, other: Account): Promise<Page> => {
    const context = await warmContext(browser, relay.origin);
    contexts.push(context);
    const page = await context.newPage();
    await page.goto('/');
    const welcome = new Welcome(page);
    await welcome.signIn(who);
    await welcome.skipDeviceCheck();
    await new Home(page).open(other.name);
    await warm(page);
    return page;
  };
  return {
    pages: [await enter(ada, grace), await enter(grace, ada)],
    names: [ada.name, grace.name],
    close: async () => {
      await Promise.all(contexts.map((context) => context.close()));
    },
  };
}

/** Press a control in one page → shown in the other, in ms. */
export async function timeControl(
  presser: Page,
  button: 'Mute' | 'Camera',
  watcher: Page,
  watched: string,
): Promise<number> {
  const words = `${watched} ${button === 'Mute' ? 'muted' : 'turned the camera off'}`;
  await watcher.evaluate((words) => {
    window.stopwatch.watchFor(() => {
      const said = document.querySelectorAll('[aria-label=Call] [role=status]');
      return [...said].some(({ textContent }) => textContent?.includes(words));
    });
  }, words);
  await presser.getByRole('button', { name: button, exact: true }).click();
  await watcher.waitForFunction(() => window.stopwatch.marks.seen !== null, undefined, {
    timeout: BROKEN_MS,
    polling: 20,
  });
  const seen = await watcher.evaluate(() => window.stopwatch.marks.seen);
  const marks = await presser.evaluate(() => window.stopwatch.marks);
  return (seen ?? Number.NaN) - clickOf(marks, button);
}

/** Ends a call and waits until both can call again. */
export async function hangUp([one, other]: readonly [Page, Page]): Promise<void> {
  await one.getByRole('button', { name: 'Hang up', exact: true }).click();
  for (const page of [one, other]) {
    await page.getByRole('region', { name: 'Call', exact: true }).waitFor({ state: 'hidden' });
  }
}
