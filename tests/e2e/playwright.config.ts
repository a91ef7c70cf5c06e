import { defineConfig } from '@playwright/test';

import { withDevices } from './harness/chromium.ts';

export default defineConfig({
  testDir: 'specs',
  outputDir: '../results/e2e',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    launchOptions: withDevices,
    trace: 'off',
    screenshot: 'only-on-failure',
  },
});
