import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchStandstill } from '../../src/platform/standstill.ts';

/** Timers of a process that is stopped do not run, while its clock goes on. */
const world = { now: 0 };
const clock = { monotonic: () => world.now };

beforeEach(() => {
  vi.useFakeTimers();
  world.now = 0;
});
afterEach(() => vi.useRealTimers());

function runs(ms: number): void {
  for (let passed = 0; passed < ms; passed += 10) {
    world.now += 10;
    vi.advanceTimersByTime(10);
  }
}

test('the time in which nothing ran is told, however it is spread', () => {
  const end = watchStandstill(clock);
  runs(500);
  world.now += 3000;
  runs(500);
  world.now += 2000;
  const stood = end();
  expect(stood).toBeGreaterThan(4800);
  expect(stood).toBeLessThanOrEqual(5000);
  expect(vi.getTimerCount()).toBe(0);
});

test('waiting is no standing still, nor is a busy moment', () => {
  const end = watchStandstill(clock);
  runs(5000);
  world.now += 200;
  runs(1000);
  expect(end()).toBe(0);
});
