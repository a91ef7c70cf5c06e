import { expect, type Locator, type Page } from '@playwright/test';

/** The stage of a call, from dialling to its end. */
export class CallScreen {
  readonly region: Locator;
  readonly cancel: Locator;
  readonly mute: Locator;
  readonly camera: Locator;
  readonly devices: Locator;
  readonly chat: Locator;
  readonly closePanel: Locator;
  readonly quality: Locator;
  readonly hangUp: Locator;
  readonly leaveStage: Locator;
  readonly status: Locator;
  readonly problems: Locator;
  readonly own: Locator;
  readonly messages: Locator;
  readonly message: Locator;
  readonly send: Locator;

  constructor(page: Page) {
    this.region = page.getByRole('region', { name: 'Call', exact: true });
    const button = (name: string): Locator =>
      this.region.getByRole('button', { name, exact: true });
    this.cancel = button('Cancel');
    this.mute = button('Mute');
    this.camera = button('Camera');
    this.devices = button('Devices');
    this.chat = button('Chat');
    this.closePanel = this.region
      .getByRole('complementary')
      .getByRole('button', { name: 'Close', exact: true });
    this.quality = button('Call quality');
    this.hangUp = button('Hang up');
    this.leaveStage = button('Back to conversations');
    this.status = this.region.getByRole('status');
    this.problems = this.region.getByRole('alert');
    this.own = this.video('You');
    this.messages = this.region.getByRole('log', { name: 'Messages' });
    this.message = this.region.getByRole('textbox', { name: 'Message', exact: true });
    this.send = button('Send');
  }

  /** A participant's picture. */
  video(name: string): Locator {
    return this.region.locator('video').and(this.region.getByLabel(name, { exact: true }));
  }

  /** Answered. */
  async expectLive(): Promise<void> {
    await expect(this.hangUp).toBeVisible();
  }

  async write(text: string): Promise<void> {
    if (!(await this.message.isVisible())) await this.chat.click();
    await this.message.fill(text);
    await this.send.click();
  }
}
