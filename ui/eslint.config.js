import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  {
    ignores: ['dist', 'src/lib/paraglide', 'src/lib/wasm', 'src/lib/bindings.ts', 'project.inlang'],
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
      ],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  {
    files: ['src/**/*.{ts,svelte}'],
    ignores: ['src/lib/host/web.ts', 'src/lib/host/web/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/lib/wasm/**', '../wasm/**'],
              message: 'Only lib/host/web.ts knows the wasm package.',
            },
            { group: ['@tauri-apps/*'], message: 'Only lib/host/tauri.ts knows the desktop.' },
          ],
        },
      ],
    },
  },
  {
    files: ['src/shared/**/*.{ts,svelte}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
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
            },
          ],
        },
      ],
    },
  },
);
