import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { createRouting } from '../../src/routing/service.ts';
import { testRedis } from '../support/redis.ts';
import { silentLog } from '../support/silent-log.ts';

/** A Redis that has lost transitions it had answered is not believed in anything. */

const TURN = '{clinic}:routing:turn';
let redis: Redis;
let routing: Routing;
let forgotten: number;

beforeEach(async () => {
  forgotten = 0;
  redis = createRedis(await testRedis(), silentLog);
  routing = await createRouting({
    ...{ redis, clock: systemClock, log: silentLog, missesBeforePause: 2, missPauseSeconds: 60 },
    onForgotten: () => void forgotten++,
  });
});
afterEach(async () => {
  await routing.close();
  await closeRedis(redis);
});

const enqueue = (callId: string) =>
  routing.enqueue({ callId, specialty: 'transport', score: 1, queuedAt: Date.now() });

test('as long as nothing is lost nothing is wiped', async () => {
  await enqueue('c1');
  await redis.incr(TURN);
  await enqueue('c2');
  expect(await routing.waiting()).toHaveLength(2);
  expect(forgotten).toBe(0);
});

test('one transition lost: the rest is wiped, told once, and what was asked is carried out', async () => {
  await routing.putExpert('e001', ['transport']);
  await enqueue('c1');
  await redis.decr(TURN);
  const places = await Promise.all(['c2', 'c3'].map(enqueue));
  expect(places.map(({ position }) => position)).toEqual([1, 2]);
  expect(forgotten).toBe(1);
  expect((await routing.waiting()).map(({ callId }) => callId)).toEqual(['c2', 'c3']);
  expect(await routing.experts()).toEqual([]);
  await enqueue('c4');
  expect(forgotten).toBe(1);
});

test('emptied: the same', async () => {
  await enqueue('c1');
  await redis.flushdb();
  await enqueue('c2');
  expect(forgotten).toBe(1);
  expect((await routing.waiting()).map(({ callId }) => callId)).toEqual(['c2']);
});
