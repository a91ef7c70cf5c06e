// @vitest-environment node
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

const eslint = new ESLint();

/** The rules that an import in this file breaks. */
async function broken(filePath: string, code: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId);
}

test.each([
  ['src/lib/rtc/peers.ts', '../wasm/bellwire'],
  ['src/lib/client.svelte.ts', './wasm/bellwire'],
  ['src/lib/host/core.ts', '../wasm/bellwire_bg.wasm?url'],
  ['src/main.ts', './lib/wasm/bellwire'],
  ['src/shared/time.ts', '../lib/wasm/bellwire'],
  ['src/call/devices.ts', '../lib/wasm'],
])('%s may not import %s', async (file, from) => {
  expect(await broken(file, `import '${from}';`)).toEqual(['no-restricted-imports']);
  expect(await broken(file, `await import('${from}');`)).toEqual(['no-restricted-syntax']);
});

test.each(['src/lib/host/web.ts', 'src/shared/time.ts', 'src/main.ts'])(
  '%s may not import the desktop',
  async (file) => {
    expect(await broken(file, "import '@tauri-apps/api/core';")).toEqual(['no-restricted-imports']);
  },
);

test('the one place may import the wasm package', async () => {
  expect(await broken('src/lib/host/web.ts', "import '../wasm/bellwire';")).toEqual([]);
});

test('shared knows no domain', async () => {
  expect(await broken('src/shared/time.ts', "import '../call/Tile.svelte';")).toEqual([
    'no-restricted-imports',
  ]);
});
