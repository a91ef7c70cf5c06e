import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Patterns of imports that have one place, or none. As in .gitignore, `**` begins anywhere. */
const WASM = {
  group: ['**/wasm', '**/wasm/**'],
  message: 'Only lib/host/web.ts knows the wasm package.',
};
const DESKTOP = {
  group: ['@tauri-apps/**', '**/desktop-bindings'],
  message: 'Only lib/host/tauri.ts knows the desktop.',
};
const DOMAINS = {
  group: [
    '../call/*',
    '../conversation/*',
    '../settings/*',
    '../account/*',
    '../views/*',
    '**/lib/bindings',
    '**/lib/client*',
  ],
  message: 'shared/ knows no domain.',
};

function bounds(files, patterns) {
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

export default ts.config(
  {
    ignores: [
      'dist',
      'dist-desktop',
      'src/lib/paraglide',
      'src/lib/wasm',
      'src/lib/bindings.ts',
      'src/lib/host/desktop-bindings.ts',
      'project.inlang',
    ],
  },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      // TypeScript knows the names.
      'no-undef': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
        // What `no-restricted-imports` does not see.
        {
          selector: 'ImportExpression[source.value=/(^|\\u002F)wasm(\\u002F|$)/]',
          message: WASM.message,
        },
      ],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  bounds('src/**/*.{ts,svelte}', [WASM, DESKTOP]),
  // The last block that names a file counts alone, so each lists all that is forbidden there.
  bounds('src/shared/**/*.{ts,svelte}', [WASM, DESKTOP, DOMAINS]),
  bounds('src/lib/host/web.ts', [DESKTOP]),
  bounds('src/lib/host/tauri.ts', [WASM]),
);
