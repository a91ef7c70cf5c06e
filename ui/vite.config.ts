import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      strategy: ['globalVariable', 'baseLocale'],
      isServer: 'false',
    }),
    svelte(),
    svelteTesting(),
  ],
  build: {
    target: 'es2023',
    // `light-dark()` stays as written: the stage turns dark by `color-scheme` alone.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The relay serves one strict policy: nothing inline, nothing from `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': 'http://localhost:8470',
      '/ws': { target: 'ws://localhost:8470', ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/dev/setup.ts'],
  },
});
