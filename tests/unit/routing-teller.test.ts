import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { fault } from '../../src/platform/fault.ts';
import type { Told } from '../../src/routing/mechanism.ts';
import type { Offer } from '../../src/routing/routing.ts';
import { createTeller } from '../../src/routing/teller.ts';
import { silentLog } from '../support/silent-log.ts';

/** Offers of which nobody was told, and deadlines after a standstill. */

const OFFER = { offerId: 'o1', callId: 'c1', expertId: 'e001' } as Offer;
const clock: Clock = { now: () => Date.now(), monotonic: () => Date.now() };
const nothing = (nextDeadline: number | null = null): Told<void> => ({
  ...{ result: undefined, offers: [], changes: [], nextDeadline },
});

let reads: number;
let expiries: number;

beforeEach(() => {
  vi.useFakeTimers();
  reads = 0;
  expiries = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function start(mayAct?: () => boolean | Promise<boolean>) {
  const redis = Object.assign(new EventEmitter(), { status: 'ready' }) as unknown as Redis;
  const teller = createTeller({
    ...{ redis, clock, log: silentLog, mayAct },
    read: () => {
      reads += 1;
      const live = reads === 1 ? [] : [{ offerId: OFFER.offerId, offer: OFFER }];
      return Promise.resolve({ live, nextDeadline: null } as never);
    },
    expire: () => {
      expiries += 1;
      return Promise.resolve(nothing());
    },
    before: { live: [], nextDeadline: null },
  });
  const told: string[] = [];
  teller.onOffer(({ offerId }) => told.push(offerId));
  return { teller, told };
}

describe('after an answer of Redis was lost', () => {
  it('offers are looked for soon, however many transitions come between', async () => {
    const { teller, told } = start();
    await vi.advanceTimersByTimeAsync(1);
    expect(reads).toBe(1);
    await expect(
      teller.pass(Promise.reject(fault('redis-failed', 'leave: Command timed out'))),
    ).rejects.toMatchObject({ code: 'redis-failed' });
    for (let i = 0; i < 20; i += 1) {
      await teller.pass(Promise.resolve(nothing()));
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(told).toEqual(['o1']);
    expect(reads).toBe(2);
    await teller.close();
  });
});

describe('after a standstill', () => {
  it('deadlines wait until what was told meanwhile has been handled', async () => {
    let settle: (may: boolean) => void = () => undefined;
    let may: boolean | Promise<boolean> = true;
    const { teller } = start(() => may);
    await vi.advanceTimersByTimeAsync(1);
    may = new Promise((resolve) => (settle = resolve));
    await teller.pass(Promise.resolve(nothing(Date.now() + 100)));
    await vi.advanceTimersByTimeAsync(1000);
    expect(expiries).toBe(0);
    for (let i = 0; i < 20; i += 1) {
      await teller.pass(Promise.resolve(nothing(Date.now())));
      await vi.advanceTimersByTimeAsync(1);
    }
    settle(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(expiries).toBe(1);
    await teller.close();
  });

  it('deadlines are no longer ours where another process has the calls', async () => {
    let may = true;
    const { teller } = start(() => may);
    await vi.advanceTimersByTimeAsync(1);
    may = false;
    await teller.pass(Promise.resolve(nothing(Date.now() + 100)));
    await vi.advanceTimersByTimeAsync(1000);
    expect(expiries).toBe(0);
    await teller.close();
  });
});
