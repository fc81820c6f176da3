import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSteadyClock } from '../../src/clock.ts';
import { keepClock } from '../../src/roles/clock-keeper.ts';
import { recordingLog } from '../support/silent-log.ts';

const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a jump is told once, and followed after a minute without a call', async () => {
  let monotonic = 0;
  let shift = 0;
  let calls = 1;
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1000) {
      monotonic += 1000;
      await vi.advanceTimersByTimeAsync(1000);
    }
  };
  const clock = createSteadyClock({ now: () => monotonic + shift, monotonic: () => monotonic });
  const { log, lines } = recordingLog();
  const keeper = keepClock({ clock, log, isQuiet: () => calls === 0 });
  await pass(5000);
  shift = HOUR_MS;
  await pass(300_000);
  expect(lines.map(({ msg }) => msg)).toEqual(['clock.jumped']);
  expect(clock.now()).toBe(305_000);
  calls = 0;
  await pass(50_000);
  calls = 1;
  await pass(5000);
  calls = 0;
  await pass(59_000);
  expect(clock.jumped()).toBe(HOUR_MS);
  await pass(3000);
  expect(clock.jumped()).toBe(0);
  expect(clock.now()).toBe(monotonic + HOUR_MS);
  expect(lines.map(({ msg }) => msg)).toEqual(['clock.jumped', 'clock.followed']);
  keeper.close();
});
