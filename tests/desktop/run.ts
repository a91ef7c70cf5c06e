/**
 * Plays scenes with the real desktop app: its own windows, keyrings, session buses and sound.
 *   npm test                  everything
 *   npm test -- keyring lock  what has all these words in its name
 */
import { within } from '../e2e/harness/within.ts';
import { Stage } from './harness/stage.ts';
import { figures, scenes } from './scenes/all.ts';

/** How long one scene may take, in ms. */
const SCENE_MS = 180_000;

const words = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const { name, play } of scenes) {
  if (!words.every((word) => name.includes(word))) continue;
  const start = performance.now();
  const took = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const stage = new Stage();
  try {
    await within(SCENE_MS, play(stage));
    passed += 1;
    console.log(`ok      ${name} (${took()})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name} (${took()})\n${indented(error)}`);
    console.log(`        what was seen and logged: ${await stage.keep(name)}`);
  }
  await stage.end();
}
for (const figure of figures) console.log(`        ${figure}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function indented(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replace(/^/gm, '        ');
}
