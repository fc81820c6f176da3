import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAlarm } from '../../src/routing/alarm.ts';

const T0 = 1_750_000_000_000;
let offset = 0;
const clock = { now: () => Date.now() + offset, monotonic: () => performance.now() };
let rung: number[];
const ring = () => rung.push(clock.now());

beforeEach(() => {
  vi.useFakeTimers({ now: T0 });
  offset = 0;
  rung = [];
});
afterEach(() => void vi.useRealTimers());

describe('the one timer of all deadlines', () => {
  test('rings once, at the time set', () => {
    createAlarm(clock, ring).set(T0 + 5000);
    vi.advanceTimersByTime(4999);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(rung).toEqual([T0 + 5000]);
  });

  test('stands only where it was set last', () => {
    const alarm = createAlarm(clock, ring);
    alarm.set(T0 + 5000);
    alarm.set(T0 + 2000);
    alarm.set(T0 + 9000);
    vi.advanceTimersByTime(20_000);
    expect(rung).toEqual([T0 + 9000]);
  });

  test('set to nothing, it is silent and holds nothing open', () => {
    const alarm = createAlarm(clock, ring);
    alarm.set(T0 + 5000);
    alarm.set(null);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(rung).toEqual([]);
  });

  test('a time that has passed rings at once, but not within the call', () => {
    createAlarm(clock, ring).set(T0 - 1);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(rung).toEqual([T0]);
  });

  test('longer than a timer can count, it still rings at its time', () => {
    const days = 40 * 86_400_000;
    createAlarm(clock, ring).set(T0 + days);
    vi.advanceTimersByTime(days - 1);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rung).toEqual([T0 + days]);
  });

  test('a clock set forward is noticed within a minute', () => {
    createAlarm(clock, ring).set(T0 + 3_600_000);
    offset = 3_600_000;
    vi.advanceTimersByTime(60_001);
    expect(rung).toHaveLength(1);
  });

  test('a clock set back does not make it ring twice', () => {
    createAlarm(clock, ring).set(T0 + 90_000);
    offset = -30_000;
    vi.advanceTimersByTime(300_000);
    expect(rung).toEqual([T0 + 90_000]);
  });
});
