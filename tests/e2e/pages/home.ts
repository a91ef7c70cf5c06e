import { expect, type Locator, type Page } from '@playwright/test';

/** Conversations on one side, the chosen one on the other; the list of all calls. */
export class Home {
  readonly conversations: Locator;
  readonly voiceCall: Locator;
  readonly videoCall: Locator;
  readonly addContact: Locator;
  readonly callsTab: Locator;
  /** The open conversation: calls and kept messages. */
  readonly timeline: Locator;
  /** Every call there was. */
  readonly history: Locator;
  /** On top while a call goes on and the stage is not in sight. */
  readonly callBar: Locator;
  readonly returnToCall: Locator;
  readonly offline: Locator;

  constructor(readonly page: Page) {
    this.conversations = page.getByRole('navigation', { name: 'Conversations' });
    this.voiceCall = page.getByRole('button', { name: 'Voice call', exact: true });
    this.videoCall = page.getByRole('button', { name: 'Video call', exact: true });
    this.addContact = page.getByRole('button', { name: 'Add contact', exact: true });
    this.callsTab = page.getByRole('tab', { name: 'Calls', exact: true });
    this.timeline = page.getByRole('main').getByRole('log', { name: 'Messages' });
    this.history = page.getByRole('list', { name: 'All calls' });
    this.callBar = page.getByRole('region', { name: 'Running call' });
    this.returnToCall = this.callBar.getByRole('button', { name: 'Return' });
    this.offline = page.getByRole('status').filter({ hasText: 'can’t reach' });
  }

  conversation(name: string): Locator {
    return this.conversations.getByRole('link', { name, exact: true });
  }

  async expectShown(): Promise<void> {
    await expect(this.conversations).toBeVisible();
  }

  async open(name: string): Promise<void> {
    await this.conversation(name).click();
    await expect(this.videoCall).toBeEnabled();
  }

  /** Looks at something else, so that what comes in counts as not seen. */
  async leaveConversation(): Promise<void> {
    await this.showCalls();
    await this.page.getByRole('tab', { name: 'Conversations', exact: true }).click();
    await expect(this.videoCall).toBeHidden();
  }

  /** Every call there was; on a phone a conversation covers the way there. */
  async showCalls(): Promise<void> {
    const back = this.page.getByRole('main').getByRole('button', { name: 'Back', exact: true });
    if (await back.isVisible()) await back.click();
    await this.callsTab.click();
  }

  async askContact(username: string): Promise<void> {
    await this.addContact.click();
    const dialog = this.page.getByRole('dialog', { name: 'Add contact' });
    await dialog.getByRole('textbox', { name: 'Their username' }).fill(username);
    await dialog.getByRole('button', { name: 'Send request' }).click();
    await expect(dialog).toBeHidden();
  }

  async acceptContact(name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Accept the request of ${name}` }).click();
  }
}
