import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { createRoutingReader } from '../../src/routing/reader.ts';
import type { Offer, Routing, RoutingChange } from '../../src/routing/routing.ts';
import { createRouting } from '../../src/routing/service.ts';
import { startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { testRedis } from '../support/redis.ts';
import { recordingLog, silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/** Offers told, deadlines kept by one timer, a successor, a Redis that goes away: all in real time. */

let closings: (() => Promise<void>)[];
beforeEach(() => {
  closings = [];
});
afterEach(async () => {
  for (const close of closings.toReversed()) await close();
});

interface Started {
  redis: Redis;
  routing: Routing;
  offers: Offer[];
  changes: RoutingChange[];
  listen: () => void;
}

async function start(url: string, options: { log?: Log; listening?: boolean } = {}): Promise<Started> {
  const { log = silentLog, listening = true } = options;
  const redis = createRedis(url, log);
  closings.push(() => closeRedis(redis));
  const routing = await createRouting({
    ...{ redis, clock: systemClock, log },
    ...{ missesBeforePause: 2, missPauseSeconds: 0.08, restSeconds: 0.05 },
  });
  closings.push(() => routing.close());
  const offers: Offer[] = [];
  const changes: RoutingChange[] = [];
  const listen = () => {
    routing.onOffer((offer) => offers.push(offer));
    routing.onChange((change) => changes.push(change));
  };
  if (listening) listen();
  return { redis, routing, offers, changes, listen };
}

async function ready(routing: Routing, expertId: string, ...specialties: string[]): Promise<void> {
  await routing.putExpert(expertId, specialties);
  await routing.setIntent(expertId, 'ready', null, null);
  await routing.setReachable(expertId, true);
}

const joins = (routing: Routing, callId: string) =>
  routing.enqueue({ callId, specialty: 'finance', score: Date.now(), queuedAt: Date.now() });

/** A talk of c1 with e001, now over: the wrap-up lasts so long. */
async function wrapsUp(started: Started, wrapUpSeconds: number): Promise<void> {
  const { routing, offers } = started;
  await ready(routing, 'e001', 'finance');
  await joins(routing, 'c1');
  await routing.accept(offers[0]!.offerId);
  await routing.release('c1', wrapUpSeconds);
}

describe('telling', () => {
  test('offers are told before the transition’s promise resolves, to everybody, also past one who fails', async () => {
    const { log, lines } = recordingLog();
    const { routing } = await start(await testRedis(), { log, listening: false });
    const heard: string[] = [];
    routing.onOffer(() => {
      throw new Error('deaf');
    });
    routing.onOffer((offer) => heard.push(`${offer.callId} → ${offer.expertId}`));
    await ready(routing, 'e001', 'finance');
    const joined = joins(routing, 'c1').then(() => heard.push('joined'));
    await joined;
    expect(heard).toEqual(['c1 → e001', 'joined']);
    expect(lines.map((line) => line['msg'])).toContain('listener.failed');
  });

  test('who no longer listens is told nothing', async () => {
    const { routing } = await start(await testRedis(), { listening: false });
    const heard: string[] = [];
    const stop = routing.onOffer((offer) => heard.push(offer.callId));
    await ready(routing, 'e001', 'finance');
    await ready(routing, 'e002', 'finance');
    await joins(routing, 'c1');
    stop();
    await joins(routing, 'c2');
    expect(heard).toEqual(['c1']);
  });

  test('an offer made before anybody listened is told to the first who does', async () => {
    const { routing, offers, listen } = await start(await testRedis(), { listening: false });
    await ready(routing, 'e001', 'finance');
    await joins(routing, 'c1');
    listen();
    await waitFor(() => offers.length > 0);
    expect(offers).toMatchObject([{ callId: 'c1', expertId: 'e001', why: { excluded: [] } }]);
  });

  test('joining again does not tell the same offer again', async () => {
    const { routing, offers } = await start(await testRedis());
    await ready(routing, 'e001', 'finance');
    await joins(routing, 'c1');
    await joins(routing, 'c1');
    expect(offers).toHaveLength(1);
  });
});

describe('deadlines', () => {
  test('a wrap-up ends by itself, not before its time, and who waits is offered', async () => {
    const started = await start(await testRedis());
    const { routing, offers, changes } = started;
    await wrapsUp(started, 0.1);
    const until = (await routing.expert('e001'))!.wrapUpUntil!;
    await joins(routing, 'c2');
    await waitFor(() => offers.length === 2);
    expect(Date.now()).toBeGreaterThanOrEqual(until);
    expect(changes).toEqual([{ type: 'wrap-up-ended', expertId: 'e001', callId: 'c1', at: until }]);
    expect(offers[1]).toMatchObject({ callId: 'c2', expertId: 'e001' });
  });

  test('rest, pause and its end follow one another by themselves', async () => {
    const { routing, offers, changes } = await start(await testRedis());
    await ready(routing, 'e001', 'finance');
    await joins(routing, 'c1');
    await routing.miss(offers[0]!.offerId, 'no-answer');
    await waitFor(() => offers.length === 2);
    await routing.miss(offers[1]!.offerId, 'declined');
    await waitFor(() => offers.length === 3);
    expect(changes.map((change) => change.type)).toEqual(['paused', 'pause-ended']);
    expect(offers.map((offer) => offer.attempt)).toEqual([1, 2, 3]);
  });

  test('the one timer stands at the earliest, whatever was set before or after', async () => {
    const started = await start(await testRedis());
    const { routing, changes } = started;
    await ready(routing, 'e002', 'finance');
    await routing.setIntent('e002', 'paused', 'lunch', Date.now() + 3_600_000);
    await wrapsUp(started, 0.05);
    await ready(routing, 'e003', 'finance');
    await routing.setIntent('e003', 'paused', 'lunch', Date.now() + 3_600_000);
    await waitFor(() => changes.length > 0);
    expect(changes).toMatchObject([{ type: 'wrap-up-ended' }]);
  });

  test('a pause whose end is past ends at once', async () => {
    const { routing, changes } = await start(await testRedis());
    await ready(routing, 'e001', 'finance');
    const end = Date.now() - 1000;
    await routing.setIntent('e001', 'paused', 'lunch', end);
    await waitFor(() => changes.length > 0);
    expect(changes).toEqual([{ type: 'pause-ended', expertId: 'e001', at: end }]);
  });

  test('a hundred and more at the same moment are all ended', async () => {
    const { routing, changes } = await start(await testRedis());
    const end = Date.now() + 500;
    const ids = Array.from({ length: 120 }, (_, index) => `e${100 + index}`);
    await Promise.all(
      ids.map(async (id) => {
        await routing.putExpert(id, ['finance']);
        await routing.setIntent(id, 'paused', 'lunch', end);
      }),
    );
    await waitFor(() => changes.length === 120);
    expect(new Set(changes.map((change) => change.expertId)).size).toBe(120);
  });
});

describe('a successor on the same Redis', () => {
  test('takes over a deadline of the process before, not due yet', async () => {
    const url = await testRedis();
    const first = await start(url);
    await wrapsUp(first, 0.3);
    await first.routing.close();
    const second = await start(url);
    await waitFor(() => second.changes.length > 0);
    expect(second.changes).toMatchObject([{ type: 'wrap-up-ended', expertId: 'e001', callId: 'c1' }]);
    expect(first.changes).toEqual([]);
  });

  test('ends one that passed while nobody was there as soon as somebody listens', async () => {
    const url = await testRedis();
    const first = await start(url);
    await wrapsUp(first, 0.03);
    await first.routing.close();
    const until = (await first.routing.expert('e001'))!.wrapUpUntil!;
    const second = await start(url, { listening: false });
    await waitFor(() => Date.now() > until + 50);
    expect((await second.routing.expert('e001'))!.activity).toBe('wrap-up');
    second.listen();
    await waitFor(() => second.changes.length > 0);
    expect(second.changes).toEqual([{ type: 'wrap-up-ended', expertId: 'e001', callId: 'c1', at: until }]);
  });

  test('is not told the offers of the process before; the call it takes up gets a new one', async () => {
    const url = await testRedis();
    const first = await start(url);
    await ready(first.routing, 'e001', 'finance');
    await joins(first.routing, 'c1');
    await first.routing.close();
    const second = await start(url);
    await joins(second.routing, 'c2');
    expect(second.offers).toEqual([]);
    const entry = { callId: 'c1', specialty: 'finance', score: 1, queuedAt: 1 };
    expect(await second.routing.requeue(entry)).toEqual({ position: 1 });
    expect(second.offers).toMatchObject([{ callId: 'c1', expertId: 'e001', attempt: 2 }]);
    expect(await second.routing.accept(first.offers[0]!.offerId)).toBe('stale');
  });
});

describe('Redis out of reach', () => {
  test('an offer whose telling was lost is told when the connection is back', async () => {
    const url = await testRedis();
    const { redis, routing, offers } = await start(url);
    await ready(routing, 'e001', 'finance');
    // The transition was carried out, and its answer went elsewhere.
    const other = await start(url, { listening: false });
    await joins(other.routing, 'c1');
    expect(offers).toEqual([]);
    await other.redis.client('KILL', 'ID', await redis.client('ID'));
    await waitFor(() => offers.length > 0);
    expect(offers).toMatchObject([{ callId: 'c1', expertId: 'e001' }]);
    expect(await routing.accept(offers[0]!.offerId)).toBe('accepted');
  });

  test('an answer that came too late is looked for: the offer it held is told', async () => {
    const server: PrivateServer = await startPrivateRedis();
    closings.push(() => server.remove());
    const { redis, routing, offers } = await start(server.url);
    await ready(routing, 'e001', 'finance');
    // Longer than a request waits for its answer; the server carries it out afterwards.
    await redis.client('PAUSE', 3300, 'ALL');
    await expect(joins(routing, 'c1')).rejects.toMatchObject({ code: 'redis-failed' });
    await waitFor(() => offers.length > 0);
    expect(offers).toMatchObject([{ callId: 'c1', expertId: 'e001', attempt: 1 }]);
  });

  test('a deadline that passed meanwhile is ended afterwards, and the fault is named', async () => {
    const server: PrivateServer = await startPrivateRedis();
    closings.push(() => server.remove());
    const { log, lines } = recordingLog();
    const started = await start(server.url, { log });
    const { redis, routing, changes } = started;
    await wrapsUp(started, 0.3);
    await server.kill();
    await waitFor(() => redis.status !== 'ready');
    await expect(joins(routing, 'c2')).rejects.toMatchObject({ code: 'redis-failed' });
    await expect(routing.experts()).rejects.toMatchObject({ code: 'redis-failed' });
    const until = Date.now() + 400;
    await waitFor(() => Date.now() > until);
    await server.start();
    await waitFor(() => changes.length > 0);
    expect(changes).toMatchObject([{ type: 'wrap-up-ended', callId: 'c1' }]);
    // Said once, not once per attempt.
    expect(lines.filter((line) => line['msg'] === 'deadlines.delayed').length).toBeLessThanOrEqual(1);
  });

  test('without Redis there is no routing to begin with', async () => {
    const redis = createRedis('redis://127.0.0.1:1', silentLog);
    closings.push(() => closeRedis(redis));
    const deps = { redis, clock: systemClock, log: silentLog, missesBeforePause: 2, missPauseSeconds: 300 };
    await expect(createRouting(deps)).rejects.toMatchObject({ code: 'redis-failed' });
  });
});

describe('a reader in another process', () => {
  test('sees what routing does and ends no deadline', async () => {
    const url = await testRedis();
    const started = await start(url);
    const { routing } = started;
    const redis = createRedis(url, silentLog);
    closings.push(() => closeRedis(redis));
    const reader = createRoutingReader({ redis, clock: systemClock });
    await wrapsUp(started, 30);
    await routing.setIntent('e001', 'paused', 'break', null);
    await ready(routing, 'e002', 'finance', 'transport');
    await ready(routing, 'e003', 'transport');
    await routing.setIntent('e003', 'paused', 'break', null);
    await joins(routing, 'c2');
    await joins(routing, 'c3');
    expect(await reader.experts()).toEqual(await routing.experts());
    expect((await reader.expert('e002'))!.activity).toBe('ringing');
    expect(await reader.expert('e404')).toBeNull();
    expect(await reader.position('c3')).toBe(2);
    expect((await reader.waiting()).map((one) => one.callId)).toEqual(['c2', 'c3']);
    expect(await reader.reservations()).toMatchObject([
      { callId: 'c2', expertId: 'e002', activity: 'ringing' },
    ]);
    const zero = { waiting: 0, longestWaitMs: 0, ready: 0, ringing: 0, talking: 0, wrapUp: 0, paused: 0 };
    expect(await reader.queues(['finance', 'transport', 'nobody'])).toEqual([
      {
        ...{ ...zero, specialty: 'finance', waiting: 2, ringing: 1, wrapUp: 1 },
        longestWaitMs: expect.any(Number) as number,
      },
      { ...zero, specialty: 'transport', ringing: 1, paused: 1 },
      { ...zero, specialty: 'nobody' },
    ]);
  });

  test('the longest wait is the longest, whoever stands first', async () => {
    const { routing } = await start(await testRedis());
    const now = Date.now();
    await routing.enqueue({ callId: 'c1', specialty: 'finance', score: 1, queuedAt: now });
    await routing.enqueue({ callId: 'c2', specialty: 'finance', score: 2, queuedAt: now - 90_000 });
    const [queue] = await routing.queues(['finance']);
    expect(queue!.longestWaitMs).toBeGreaterThanOrEqual(90_000);
    expect(await routing.queues([])).toEqual([]);
  });
});
