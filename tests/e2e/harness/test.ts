import {
  expect,
  test as base,
  type Browser,
  type BrowserContextOptions,
} from '@playwright/test';

import { befriend, makeAccount, type Account } from './account.ts';
import { Person } from './person.ts';
import { installProbe } from './probe.ts';
import { Relay } from './relay.ts';
import { Watch } from './watch.ts';

export interface Street {
  /** A fresh browser window of nobody, on the relay's first page. */
  stranger(options?: BrowserContextOptions): Promise<Person>;
  /** A fresh browser in which this account is signed in. */
  signIn(account: Account, options?: BrowserContextOptions): Promise<Person>;
  /** Two signed-in people who are contacts and look at their conversation. */
  pair(options?: BrowserContextOptions): Promise<{ ada: Person; grace: Person }>;
}

interface Fixtures {
  relay: Relay;
  watch: Watch;
  street: Street;
}

const nobody: Account = { username: '', name: '', password: '', user: '', token: '' };

/** A relay for every test: its data, its limits and its end belong to that test alone. */
export const test = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern
  relay: async ({}, use) => {
    const relay = await Relay.start();
    await use(relay);
    await relay.remove();
  },

  watch: async ({ relay }, use) => {
    const watch = new Watch(relay.origin);
    await use(watch);
    expect(watch.problems, 'errors, policy violations and requests elsewhere').toEqual([]);
  },

  street: async ({ browser, relay, watch }, use) => {
    const people = new People(browser, relay, watch);
    await use(people);
    await people.leave();
  },
});

export { expect };

class People implements Street {
  private readonly opened: Person[] = [];

  constructor(
    private readonly browser: Browser,
    private readonly relay: Relay,
    private readonly watch: Watch,
  ) {}

  async stranger(options: BrowserContextOptions = {}, account = nobody): Promise<Person> {
    const context = await this.browser.newContext({
      baseURL: this.relay.origin,
      locale: 'en-GB',
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    this.watch.follow(context, account.name || 'stranger');
    await context.addInitScript(installProbe);
    const page = await context.newPage();
    const person = new Person(account, context, page);
    this.opened.push(person);
    await page.goto('/');
    return person;
  }

  async signIn(account: Account, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.stranger(options, account);
    await person.welcome.signIn(account);
    await person.welcome.skipDeviceCheck();
    await person.home.expectShown();
    return person;
  }

  async pair(options: BrowserContextOptions = {}): Promise<{ ada: Person; grace: Person }> {
    const [one, other] = await Promise.all([
      makeAccount(this.relay, 'Ada'),
      makeAccount(this.relay, 'Grace'),
    ]);
    await befriend(this.relay, one, other);
    const ada = await this.signIn(one, options);
    const grace = await this.signIn(other, options);
    await ada.home.open(grace.name);
    await grace.home.open(ada.name);
    return { ada, grace };
  }

  async leave(): Promise<void> {
    await Promise.all(this.opened.map(({ context }) => context.close()));
  }
}
