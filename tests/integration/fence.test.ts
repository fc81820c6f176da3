import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSnapshots } from '../../src/calls/snapshots.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { createFence, EPOCH_KEY, type Fence } from '../../src/platform/fence.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { createRouting } from '../../src/routing/service.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { inMenu } from '../support/call-fixtures.ts';
import { testRedis } from '../support/redis.ts';
import { silentLog as log } from '../support/silent-log.ts';

/** Two processes that both believe the calls are theirs: Redis obeys the later one. */

let redis: Redis;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  redis = createRedis(await testRedis(), log);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await closeRedis(redis);
});

async function owner(owns: () => boolean): Promise<{ fence: Fence; routing: Routing }> {
  const fence = createFence({ redis, log, owns });
  await fence.claim();
  const policy = { missesBeforePause: 2, missPauseSeconds: 300 };
  const routing = await createRouting({ redis, clock, log, fence, ...policy });
  closing.push(() => routing.close());
  return { fence, routing };
}

const entry = (callId: string) => ({ callId, specialty: 'transport', score: 1, queuedAt: 1 });
const stale = { code: 'owner-stale' };

describe('an owner that was overtaken', () => {
  it('changes neither the queue nor a snapshot any more', async () => {
    const old = await owner(() => false);
    const { call } = inMenu();
    await createSnapshots(redis, old.fence).save({ call, effects: [] });
    await old.routing.enqueue(entry('a'));
    const fresh = await owner(() => true);
    await fresh.routing.enqueue(entry('b'));

    await expect(old.routing.enqueue(entry('c'))).rejects.toMatchObject(stale);
    await expect(old.routing.leave('a')).rejects.toMatchObject(stale);
    const snapshots = createSnapshots(redis, old.fence);
    await expect(snapshots.save({ call: { ...call, menuMisses: 2 }, effects: [] })).rejects.toMatchObject(
      stale,
    );
    await expect(snapshots.remove(call.id)).rejects.toMatchObject(stale);

    expect((await fresh.routing.waiting()).map(({ callId }) => callId)).toEqual(['a', 'b']);
    expect((await createSnapshots(redis, fresh.fence).all()).kept).toMatchObject([{ call, effects: [] }]);
  });

  it('is the owner again where the exchange says so: the claims came in another order', async () => {
    const first = await owner(() => true);
    const second = await owner(() => false);
    await first.routing.enqueue(entry('a'));
    expect(first.fence.epoch()).toBeGreaterThan(second.fence.epoch());
    await expect(second.routing.enqueue(entry('b'))).rejects.toMatchObject(stale);
  });
});

describe('Redis emptied', () => {
  it('learns the epoch from the owner, and refuses the stale one as before', async () => {
    const old = await owner(() => false);
    const fresh = await owner(() => true);
    await redis.flushdb();
    await fresh.routing.enqueue(entry('a'));
    expect(await redis.get(EPOCH_KEY)).toBe(String(fresh.fence.epoch()));
    await expect(old.routing.enqueue(entry('b'))).rejects.toMatchObject(stale);
  });
});
