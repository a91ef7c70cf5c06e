import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { expect, type Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Nothing serious and nothing critical on the screen as it is. Run through the debugger, so the
 * page's content policy stays in force.
 */
export async function expectAccessible(page: Page, screen: string): Promise<void> {
  await page.evaluate(source);
  const { violations } = await page.evaluate<AxeResults>(() =>
    (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
      resultTypes: ['violations'],
    }),
  );
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ target, failureSummary }) => `  ${target.join(' ')} ${failureSummary ?? ''}`).join('\n')}`);
  expect(grave, `accessibility of ${screen}`).toEqual([]);
}
