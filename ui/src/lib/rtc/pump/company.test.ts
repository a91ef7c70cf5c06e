import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Company } from './company';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** How long each of these waits for company, in ms, where something comes every so many ms. */
async function waits(every: number, times: number): Promise<number[]> {
  const company = new Company();
  const waited: number[] = [];
  for (let time = 0; time < times; time += 1) {
    company.come();
    await vi.advanceTimersByTimeAsync(every / 2);
    const since = performance.now();
    void company.wait().then(() => waited.push(performance.now() - since));
    await vi.advanceTimersByTimeAsync(every / 2);
  }
  await vi.advanceTimersByTimeAsync(1_000);
  return waited;
}

describe('in company', () => {
  it('what can wait is painted with the next that cannot', async () => {
    expect(await waits(30, 4)).toEqual([15, 15, 15, 40]);
  });

  it('it waits for no more than a moment', async () => {
    expect(await waits(120, 3)).toEqual([40, 40, 40]);
  });

  it('it does not wait for what comes seldom, or never', async () => {
    expect(await waits(500, 3)).toEqual([0, 0, 0]);
    const settled = vi.fn();
    void new Company().wait().then(settled);
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toHaveBeenCalled();
  });

  it('nobody is forgotten', async () => {
    const company = new Company();
    company.come();
    const settled = vi.fn();
    void company.wait().then(settled);
    await vi.advanceTimersByTimeAsync(20);
    void company.wait().then(settled);
    company.come();
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toHaveBeenCalledTimes(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
