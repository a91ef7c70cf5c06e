import { expect, type Locator, type Page } from '@playwright/test';

/** The dialog while it rings. */
export class Incoming {
  readonly dialog: Locator;
  readonly accept: Locator;
  readonly acceptWithoutVideo: Locator;
  readonly decline: Locator;

  constructor(page: Page) {
    this.dialog = page.getByRole('alertdialog', { name: 'Incoming call' });
    this.accept = this.dialog.getByRole('button', { name: 'Accept', exact: true });
    this.acceptWithoutVideo = this.dialog.getByRole('button', { name: 'Accept without video' });
    this.decline = this.dialog.getByRole('button', { name: 'Decline', exact: true });
  }

  /** Answers with a key, which is one as soon as the dialog says so. */
  async press(key: 'Enter' | 'Escape'): Promise<void> {
    await expect(this.dialog.getByText('Enter accepts')).toBeVisible();
    await this.dialog.press(key);
  }

  async expectFrom(name: string): Promise<void> {
    await expect(this.dialog).toBeVisible();
    await expect(this.dialog).toContainText(name);
  }
}
