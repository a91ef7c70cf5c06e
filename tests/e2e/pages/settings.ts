import { expect, type Locator, type Page } from '@playwright/test';

/** Settings, by their sections. */
export class Settings {
  static readonly sections = ['Devices', 'Calls', 'Notifications', 'Appearance', 'Language', 'Account', 'About'];

  readonly button: Locator;
  readonly sections: Locator;
  readonly region: Locator;

  constructor(private readonly page: Page) {
    this.button = page.getByRole('button', { name: 'Settings', exact: true });
    this.sections = page.getByRole('navigation', { name: 'Settings', exact: true });
    this.region = page.getByRole('main');
  }

  async show(section: string): Promise<void> {
    if (!(await this.sections.isVisible())) await this.button.click();
    await this.sections.getByRole('link', { name: section, exact: true }).click();
    await expect(this.region.getByRole('heading', { name: section, exact: true, level: 2 })).toBeVisible();
  }

  async signOut(): Promise<void> {
    await this.region.getByRole('button', { name: 'Sign out', exact: true }).click();
  }

  /** Ends every other sign-in of this account, one after the other. */
  async signOutOthers(): Promise<void> {
    const others = this.region.getByRole('button', { name: /^Sign out .+/ });
    await expect(others.first()).toBeVisible();
    for (let left = await others.count(); left > 0; left -= 1) {
      await others.first().click();
      await expect(others).toHaveCount(left - 1);
    }
  }
}
