/**
 * Lets Bellwire's peer connections meet stacks that nobody here wrote.
 *   npm test                      everything
 *   npm test -- firefox answerer  what has all these words in its name
 * `--subject=chromium` puts another end in the place of Bellwire's own, to prove a far end.
 */

import { within } from '../e2e/harness/within.ts';
import { Stage } from './stage.ts';
import { cases } from './cases.ts';

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const subject = process.argv.find((word) => word.startsWith('--subject='))?.split('=')[1];

/** How long one case may take, in ms; the slowest waits for credentials to expire. */
const CASE_MS = 60_000;

// Whatever was started ends with the run, however that ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

const stage = new Stage();
let passed = 0;
let failed = 0;
try {
  for (const { name, run } of cases(subject ?? 'bellwire')) {
    if (!words.every((word) => name.includes(word))) continue;
    const start = performance.now();
    const took = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
    try {
      await within(CASE_MS, run(stage));
      passed += 1;
      console.log(`ok      ${name} (${took()})`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name} (${took()})\n${indented(error)}`);
    }
    await stage.clear();
  }
} finally {
  await stage.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function indented(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^/gm, '        ');
}
