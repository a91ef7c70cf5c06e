import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import packageFile from './package.json' with { type: 'json' };
import { staticIcons } from './static-icons.ts';

// Its watcher keeps a test run from ending; `npm test` compiles the messages first.
const messages =
  process.env.VITEST === undefined &&
  paraglideVitePlugin({
    project: './project.inlang',
    outdir: './src/lib/paraglide',
    strategy: ['globalVariable', 'baseLocale'],
    isServer: 'false',
  });

/** The desktop app is the same interface with another door to Rust, and without the wasm. */
const desktopEntry = {
  name: 'desktop-entry',
  transformIndexHtml: {
    order: 'pre' as const,
    handler: (html: string) => html.replace('/src/main.ts', '/src/desktop.ts'),
  },
};

/**
 * Copies the script that sets the theme as it is: a bundled one would be a module, and modules run
 * after the first picture. Its name changes with its content, so browsers keep it for good.
 */
const themeScript = () => {
  const source = readFileSync('src/theme.js', 'utf8');
  const version = createHash('sha256').update(source).digest('hex').slice(0, 8);
  const fileName = `assets/theme-${version}.js`;
  return {
    name: 'theme-script',
    apply: 'build' as const,
    generateBundle(this: { emitFile(file: object): string }) {
      this.emitFile({ type: 'asset', fileName, source });
    },
    transformIndexHtml: {
      order: 'pre' as const,
      handler: (html: string) => html.replace('/src/theme.js', `/${fileName}`),
    },
  };
};

/** The pages of each build; browsers get the first alone. */
const entries: Record<string, string[]> = {
  desktop: ['index.html', 'ring.html'],
  gallery: ['gallery.html'],
};

export default defineConfig(({ mode }) => ({
  define: { __VERSION__: JSON.stringify(packageFile.version) },
  plugins: [
    messages,
    staticIcons(),
    svelte(),
    svelteTesting(),
    themeScript(),
    mode === 'desktop' && desktopEntry,
  ],
  build: {
    outDir: mode === 'desktop' ? 'dist-desktop' : 'dist',
    target: 'es2023',
    // `light-dark()` stays as written: the stage turns dark by `color-scheme` alone.
    rollupOptions: { input: entries[mode] ?? ['index.html'] },
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
    // A watchdog, not a measure: axe takes its time on a busy machine.
    testTimeout: 30_000,
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/dev/setup.ts'],
  },
}));
