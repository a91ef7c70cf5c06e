import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Alarm } from './alarm';

/** The timer of a hidden window, rung by the test. */
class FakeWorker {
  static last: FakeWorker | null = null;
  readonly asked: number[] = [];
  onmessage: () => void = () => undefined;
  terminated = false;
  constructor() {
    FakeWorker.last = this;
  }
  postMessage(inMs: number): void {
    this.asked.push(inMs);
  }
  terminate(): void {
    this.terminated = true;
  }
}

const ring = vi.fn();
let alarm: Alarm;
const hide = (hidden: boolean): void => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  document.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('Worker', FakeWorker);
  FakeWorker.last = null;
  ring.mockClear();
  alarm = new Alarm(ring);
});
afterEach(() => {
  alarm.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('it rings once, when it was set to', () => {
  alarm.set(100);
  vi.advanceTimersByTime(99);
  expect(ring).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(ring).toHaveBeenCalledTimes(1);
});

test('the newest setting counts', () => {
  alarm.set(100);
  alarm.set(1_000);
  vi.advanceTimersByTime(500);
  expect(ring).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);
  expect(ring).toHaveBeenCalledTimes(1);
});

test('a visible window needs no worker', () => {
  alarm.set(100);
  expect(FakeWorker.last).toBeNull();
});

test('in a hidden window the worker rings for what is left, and the page does not ring again', () => {
  alarm.set(100);
  vi.advanceTimersByTime(40);
  hide(true);
  expect(FakeWorker.last?.asked).toEqual([60]);
  vi.setSystemTime(Date.now() + 60);
  vi.advanceTimersByTime(60);
  FakeWorker.last?.onmessage();
  vi.advanceTimersByTime(1_000);
  expect(ring).toHaveBeenCalledTimes(1);
});

test('a closed alarm is silent', () => {
  hide(true);
  alarm.set(100);
  alarm.close();
  FakeWorker.last?.onmessage();
  vi.advanceTimersByTime(1_000);
  expect(ring).not.toHaveBeenCalled();
  expect(FakeWorker.last?.terminated).toBe(true);
});
