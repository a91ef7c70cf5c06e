import { defineConfig } from '@playwright/test';

import base from './playwright.config.ts';

/** Takes the pictures in docs/screenshots anew. */
export default defineConfig({ ...base, testDir: 'screenshots', testMatch: '*.shots.ts' });
