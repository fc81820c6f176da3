import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { forever, retryDelay, startDeadline, within } from '../../src/asterisk/deadlines.ts';
import { pause } from '../../src/platform/signals.ts';

let now = 0;
const clock = { now: () => now, monotonic: () => now };
async function pass(ms: number): Promise<void> {
  now += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

beforeEach(() => {
  now = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a deadline', () => {
  test('comes when its time is over, and not when it is stopped', async () => {
    const late = vi.fn();
    startDeadline(100, clock, late);
    const stop = startDeadline(100, clock, late);
    stop();
    await pass(99);
    expect(late).not.toHaveBeenCalled();
    await pass(1);
    expect(late).toHaveBeenCalledTimes(1);
  });

  test('starts once more, and only once, when we ourselves were held up', async () => {
    const late = vi.fn();
    startDeadline(100, clock, late);
    now += 5000;
    await vi.advanceTimersByTimeAsync(100);
    expect(late).not.toHaveBeenCalled();
    now += 5000;
    await vi.advanceTimersByTimeAsync(100);
    expect(late).toHaveBeenCalledTimes(1);
  });
});

test('the next attempt is never sooner than 100 ms and never later than a second', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(), random, (failures, chance) => {
      const delay = retryDelay(failures, chance);
      expect(delay).toBeGreaterThanOrEqual(100);
      expect(delay).toBeLessThanOrEqual(1000);
    }),
  );
  expect(retryDelay(0, 0.999)).toBeLessThan(200);
  expect(retryDelay(9, 0.999)).toBeGreaterThan(900);
});

/** What older libraries do: they reject with a text. */
const rejecting: PromiseLike<string> = {
  then: (_done, failed) => Promise.resolve(failed?.('plain')) as unknown as PromiseLike<never>,
};

describe('waiting', () => {
  test('for a time ends with the signal', async () => {
    const ended = new AbortController();
    const waited = pause(10_000, ended.signal);
    ended.abort();
    await waited;
    await pause(10_000, ended.signal);
  });

  test.each([
    ['the work', (): Promise<string> => Promise.resolve('done'), 'done'],
    ['a fault of it', (): Promise<string> => Promise.reject(new Error('broken')), 'broken'],
    ['a text thrown by it', (): PromiseLike<string> => rejecting, 'plain'],
  ])('within limits ends with %s', async (_what, work, outcome) => {
    const limit = { ms: 100, clock, late: () => new Error('late') };
    const got = await within(work(), new AbortController().signal, limit).catch(
      (error: Error) => error.message,
    );
    expect(got).toBe(outcome);
  });

  test('within limits ends at the limit, or with the signal', async () => {
    const limit = { ms: 100, clock, late: () => new Error('late') };
    const never = new Promise<string>(() => undefined);
    const ended = new AbortController();
    const one = within(never, ended.signal, limit).catch((error: Error) => error.message);
    await pass(100);
    expect(await one).toBe('late');
    const two = within(never, ended.signal, limit).catch((error: Error) => error.message);
    ended.abort(new Error('closed'));
    expect(await two).toBe('closed');
    expect(await within(never, ended.signal, limit).catch((error: Error) => error.message)).toBe('closed');
  });
});

describe('for ever', () => {
  test('means a hundred failures and still going, counted anew after one that worked', async () => {
    const ended = new AbortController();
    const failures: number[] = [];
    let attempts = 0;
    const running = forever(
      ended.signal,
      () => Promise.resolve({ reason: new Error('away'), worked: ++attempts === 100 }),
      (_reason, before) => {
        failures.push(before);
        return 'again';
      },
    );
    while (attempts < 103) await pass(1000);
    ended.abort();
    await running;
    expect(failures.slice(0, 99)).toEqual([...Array(99).keys()]);
    expect(failures.slice(99, 102)).toEqual([0, 1, 2]);
  });

  test('ends when it is told to', async () => {
    let attempts = 0;
    await forever(
      new AbortController().signal,
      () => Promise.resolve({ reason: new Error(`attempt ${++attempts}`), worked: false }),
      () => 'stop',
    );
    expect(attempts).toBe(1);
  });
});
