import type { BrowserContext } from '@playwright/test';

/** Hears everything that a page must never do: errors, policy violations, requests elsewhere. */
export class Watch {
  private readonly heard: string[] = [];
  private readonly expected: RegExp[] = [];

  constructor(private readonly origin: string) {}

  /** A test that provokes an error says which; anything else still fails it. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  /** What was heard and not expected. */
  get problems(): string[] {
    return this.heard.filter((line) => !this.expected.some((pattern) => pattern.test(line)));
  }

  follow(context: BrowserContext, who: string): void {
    const say = (line: string): void => {
      this.heard.push(`${who}: ${line}`);
    };
    const visit = (address: string): void => {
      const { protocol, host } = new URL(address);
      if (protocol === 'data:' || protocol === 'blob:') return;
      if (host !== new URL(this.origin).host) say(`request to ${address}`);
    };
    context.on('console', (message) => {
      if (message.type() !== 'error') return;
      say(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (event) => {
      const thrown = event.error();
      say(`uncaught: ${thrown.stack ?? thrown.message}`);
    });
    context.on('request', (request) => {
      visit(request.url());
    });
    context.on('page', (page) => {
      page.on('websocket', (socket) => {
        visit(socket.url());
      });
      page.on('crash', () => {
        say('the page crashed');
      });
    });
  }
}
