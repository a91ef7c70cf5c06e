import type { Account } from '../../e2e/harness/account.ts';
import {
  chromium,
  withCameraAndSoundOf,
  withSoundOf,
} from '../../e2e/harness/chromium.ts';
import { Person } from '../../e2e/harness/person.ts';
import type { Relay } from '../../e2e/harness/relay.ts';
import { Place } from './place.ts';
import { Room } from './room.ts';
import { speech } from './speech.ts';
import type { Page } from './stopwatch.ts';

/** Somebody with a browser: the far end of a desktop. */
export class Browser {
  private constructor(
    readonly person: Person,
    readonly place: Place,
    readonly room: Room,
    private readonly close: () => Promise<void>,
  ) {}

  /** Signed in and at their conversations. With a camera the microphone speaks by itself. */
  static async start(
    relay: Relay,
    account: Account,
    folder: string,
    camera: boolean,
  ): Promise<Browser> {
    const place = new Place(folder);
    const room = await Room.start(place);
    const env = { ...place.env, ...room.env };
    const browser = await chromium.launch(
      camera ? withCameraAndSoundOf(env, speech) : withSoundOf(env),
    );
    const context = await browser.newContext({
      baseURL: relay.origin,
      locale: 'en-GB',
      viewport: { width: 1280, height: 800 },
    });
    const page = await context.newPage();
    const person = new Person(account, context, page);
    const close = async (): Promise<void> => {
      await browser.close();
      await room.stop();
    };
    try {
      await page.goto('/');
      await person.welcome.signIn(account);
      await person.welcome.skipDeviceCheck();
      await person.home.expectShown();
    } catch (error) {
      await close();
      throw error;
    }
    return new Browser(person, place, room, close);
  }

  /** Runs JavaScript in its page, as the stopwatch wants. */
  readonly page: Page = (source, parameter) =>
    // An expression for the debugger, which the page's policy does not concern.
    this.person.page.evaluate(`((parameter) => { ${source} })(${JSON.stringify(parameter)})`);

  get name(): string {
    return this.person.name;
  }

  async testify(folder: string): Promise<void> {
    await this.person.page.screenshot({ path: `${folder}/${this.name.toLowerCase()}-page.png` });
  }

  async stop(): Promise<void> {
    await this.close();
  }
}
