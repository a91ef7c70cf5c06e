import type { BrowserContext, Page } from '@playwright/test';

import { CallScreen } from '../pages/call.ts';
import { Home } from '../pages/home.ts';
import { Incoming } from '../pages/incoming.ts';
import { Settings } from '../pages/settings.ts';
import { Welcome } from '../pages/welcome.ts';
import type { Account } from './account.ts';

/** Somebody in front of a window. */
export class Person {
  readonly welcome: Welcome;
  readonly home: Home;
  readonly incoming: Incoming;
  readonly call: CallScreen;
  readonly settings: Settings;

  constructor(
    readonly account: Account,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.welcome = new Welcome(page);
    this.home = new Home(page);
    this.incoming = new Incoming(page);
    this.call = new CallScreen(page);
    this.settings = new Settings(page);
  }

  get name(): string {
    return this.account.name;
  }

  /** The same person in another window of the same browser. */
  async anotherWindow(): Promise<Person> {
    const page = await this.context.newPage();
    await page.goto('/');
    return new Person(this.account, this.context, page);
  }
}
