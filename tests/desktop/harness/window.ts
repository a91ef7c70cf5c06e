import type { WebDriver, WebElement } from 'selenium-webdriver';

import { framesShown, type Page } from './stopwatch.ts';
import { until } from './waiting.ts';

/** What a person looks for on the screen. */
export type Kind = 'button' | 'link' | 'tab' | 'field' | 'region' | 'heading' | 'dialog';

const selectors: Record<Kind, string> = {
  button: 'button, [role=button]',
  link: 'a[href]',
  tab: '[role=tab]',
  field: 'input, textarea',
  region: 'section[aria-label], [role=region], nav',
  heading: 'h1, h2, h3',
  dialog: 'dialog, [role=dialog], [role=alertdialog]',
};

/** The page of a desktop window, as the person in front of it uses it. */
export class Window {
  constructor(readonly driver: WebDriver) {}

  /** The thing of this name, if it is there to be seen. */
  seen(kind: Kind, name: string): Promise<WebElement | null> {
    return this.driver.executeScript<WebElement | null>(
      `const [selector, name] = arguments;
       const tidy = (text) => (text ?? '').replace(/\\s+/g, ' ').trim();
       const nameOf = (element) => {
         const label = element.getAttribute('aria-label');
         if (label) return tidy(label);
         const by = element.getAttribute('aria-labelledby');
         if (by) return tidy(by.split(' ').map((id) => document.getElementById(id)?.textContent).join(' '));
         if (element.labels?.length) return tidy(element.labels[0].textContent);
         return tidy(element.textContent);
       };
       const found = [...document.querySelectorAll(selector)].filter(
         (element) => nameOf(element) === name && element.checkVisibility({ checkVisibilityCSS: true }),
       );
       // A dialog covers what is behind it.
       return found.find((element) => element.closest('[role=dialog]')) ?? found[0] ?? null;`,
      selectors[kind],
      name,
    );
  }

  /** Waits until the thing is there. */
  find(kind: Kind, name: string, ms?: number): Promise<WebElement> {
    return until(`the ${kind} "${name}"`, () => this.seen(kind, name), ms);
  }

  /** Waits until it is not there. */
  async gone(kind: Kind, name: string, ms?: number): Promise<void> {
    await until(`no ${kind} "${name}"`, async () => (await this.seen(kind, name)) === null, ms);
  }

  /** Presses it once it can be pressed. */
  async press(kind: Kind, name: string): Promise<void> {
    await until(`the ${kind} "${name}" can be pressed`, async () => {
      const element = await this.seen(kind, name);
      if (!element || !(await element.isEnabled())) return false;
      await element.click();
      return true;
    });
  }

  /** Types into a field in place of what is in it. */
  async fill(field: string, text: string): Promise<void> {
    const element = await this.find('field', field);
    await element.clear();
    await element.sendKeys(text);
  }

  /** Runs JavaScript in it, as the stopwatch wants. */
  readonly page: Page = (source, parameter) =>
    this.driver.executeScript(`const parameter = arguments[0]; ${source}`, parameter);

  /** All that can be read. */
  text(): Promise<string> {
    return this.driver.executeScript<string>('return document.body.innerText;');
  }

  /** Waits until something can be read. */
  async reads(words: string | RegExp, ms?: number): Promise<void> {
    let text = '';
    try {
      await until('', async () => {
        text = await this.text();
        return typeof words === 'string' ? text.includes(words) : words.test(text);
      }, ms);
    } catch {
      throw new Error(`never to be read: ${words.toString()}; what was there: ${text}`);
    }
  }

  /** Frames of somebody that it showed so far. */
  frames(name: string): Promise<number> {
    return framesShown(this.page, name);
  }
}
