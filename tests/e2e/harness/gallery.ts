import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';

import type { Page } from '@playwright/test';

const run = promisify(execFile);
const ui = join(import.meta.dirname, '../../../ui');
const built = join(import.meta.dirname, '../../results/gallery');
/** Nobody listens there: every request is answered from the build. It counts as a safe origin. */
const ORIGIN = 'https://gallery.test';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
};

/** What the gallery shows the same scenes with. */
export type Content = 'plain' | 'strange' | 'german';

/** Every screen of the interface in front of a made-up core. */
export class Gallery {
  private constructor(private readonly page: Page) {}

  static async build(): Promise<void> {
    const vite = join(ui, 'node_modules/vite/bin/vite.js');
    await run(process.execPath, [vite, 'build', '--mode', 'gallery', '--outDir', built], { cwd: ui });
  }

  /** Opens the gallery in a page. */
  static async open(page: Page, content: Content): Promise<Gallery> {
    await page.route(`${ORIGIN}/**`, async (route) => {
      const path = new URL(route.request().url()).pathname;
      const contentType = TYPES[extname(path)] ?? 'application/octet-stream';
      await route.fulfill({ contentType, body: await readFile(join(built, path)) });
    });
    await page.goto(`${ORIGIN}/gallery.html?content=${content}`);
    return new Gallery(page);
  }

  /** The names of all scenes. */
  async scenes(): Promise<string[]> {
    await this.page.waitForSelector('li a');
    return this.page.locator('li a').allTextContents();
  }

  /** Shows one, and waits until it stands still. */
  async show(scene: string): Promise<void> {
    await this.page.evaluate((name) => (location.hash = name), scene);
    await this.page.waitForFunction(
      (name) => document.documentElement.dataset.scene === name,
      scene,
    );
  }
}
