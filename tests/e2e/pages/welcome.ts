import { expect, type Locator, type Page } from '@playwright/test';

/** Sign in and create account. */
export class Welcome {
  readonly username: Locator;
  /** A password field has no role; its label is its name. */
  readonly password: Locator;
  readonly name: Locator;
  readonly signInButton: Locator;
  readonly createAccountButton: Locator;
  readonly deviceCheck: Locator;
  readonly forgotButton: Locator;
  readonly resetCode: Locator;
  readonly newPassword: Locator;

  constructor(private readonly page: Page) {
    this.username = page.getByRole('textbox', { name: 'Username', exact: true });
    this.password = page.getByLabel('Password', { exact: true });
    this.name = page.getByRole('textbox', { name: 'Name', exact: true });
    this.signInButton = page.getByRole('button', { name: 'Sign in', exact: true });
    this.createAccountButton = page.getByRole('button', { name: 'Create account', exact: true });
    this.forgotButton = page.getByRole('button', { name: 'Forgot your password?' });
    this.resetCode = page.getByRole('textbox', { name: 'Link or code' });
    this.newPassword = page.getByLabel('New password', { exact: true });
    this.deviceCheck = page.getByRole('heading', { name: 'Ready for your first call?' });
  }

  async expectShown(): Promise<void> {
    await expect(this.username).toBeVisible();
  }

  async signIn(who: { username: string; password: string }): Promise<void> {
    await this.username.fill(who.username);
    await this.password.fill(who.password);
    await this.signInButton.click();
  }

  async createAccount(who: { username: string; name: string; password: string }): Promise<void> {
    await this.expectShown();
    if (!(await this.name.isVisible())) await this.createAccountButton.click();
    await this.username.fill(who.username);
    await this.name.fill(who.name);
    await this.password.fill(who.password);
    await this.createAccountButton.click();
  }

  /** The minute with microphone, speaker and camera after the first sign-in on a device. */
  async skipDeviceCheck(): Promise<void> {
    await expect(this.deviceCheck).toBeVisible();
    await this.page.getByRole('button', { name: 'Skip', exact: true }).click();
  }

  /** Whose password a link or code sets, as the form for the new one says it. */
  async setNewPassword(name: string, password: string): Promise<void> {
    await expect(this.page.getByRole('heading', { name: `A new password for ${name}` })).toBeVisible();
    await expect(this.newPassword).toBeFocused();
    await this.newPassword.fill(password);
    await this.page.getByRole('button', { name: 'Set password and sign in' }).click();
  }

  /** What went wrong, in words: above the form or at its field. */
  problem(words: RegExp): Locator {
    const form = this.page.locator('form');
    return form.filter({ has: this.username.or(this.resetCode) }).getByText(words);
  }
}
