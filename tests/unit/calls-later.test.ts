import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLater } from '../../src/calls/later.ts';
import { fault } from '../../src/platform/fault.ts';
import { silentLog } from '../support/silent-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const failing = (times: number, done: () => void) => {
  let left = times;
  return () => {
    if (left-- > 0) return Promise.reject(fault('redis-failed', 'redis away'));
    done();
    return Promise.resolve();
  };
};

describe('createLater', () => {
  it('repeats until it succeeds, and then no more', async () => {
    const done = vi.fn();
    const later = createLater(silentLog);
    later.add(failing(3, done));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(done).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps the order in which the work was given', async () => {
    const order: string[] = [];
    const later = createLater(silentLog);
    later.add(failing(2, () => order.push('first')));
    later.add(failing(0, () => order.push('second')));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(order).toEqual(['first', 'second']);
  });

  it('does not let what is refused for good hold up the rest', async () => {
    const done = vi.fn();
    const later = createLater(silentLog);
    const refused = vi.fn(() => Promise.reject(fault('expert-unknown', 'no such expert')));
    later.add(refused);
    later.add(failing(0, done));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(refused).toHaveBeenCalledTimes(1);
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('begins again when work comes after it was empty', async () => {
    const done = vi.fn();
    const later = createLater(silentLog);
    later.add(failing(0, done));
    await vi.advanceTimersByTimeAsync(5000);
    later.add(failing(1, done));
    await vi.advanceTimersByTimeAsync(5000);
    expect(done).toHaveBeenCalledTimes(2);
  });

  it('stops when closed and leaves no timer', async () => {
    const done = vi.fn();
    const later = createLater(silentLog);
    later.add(failing(1, done));
    later.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(done).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tries at once when it is asked to, and tells what is left', async () => {
    const done = vi.fn();
    const later = createLater(silentLog);
    later.add(failing(1, done));
    later.add(failing(0, done));
    expect(await later.flush()).toBe(2);
    expect(await later.flush()).toBe(0);
    expect(done).toHaveBeenCalledTimes(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
