import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createComparison, type Comparison } from '../../src/calls/comparison.ts';
import type { Call, CallEvent } from '../../src/calls/call.ts';
import type { Runner } from '../../src/calls/runner.ts';
import type { Switchboard } from '../../src/calls/switchboard.ts';
import { createSnapshots } from '../../src/calls/snapshots.ts';
import { systemClock } from '../../src/clock.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { createRouting } from '../../src/routing/service.ts';
import { inQueue, wordsOver, feed } from '../support/call-fixtures.ts';
import { testRedis } from '../support/redis.ts';
import { silentLog } from '../support/silent-log.ts';

/** Queue in Redis against live calls: what one lost is mended, what is only under way is left alone. */

let redis: Redis;
let routing: Routing;
let posted: CallEvent[];
let live: Map<string, Runner>;
let comparison: Comparison;

const waitingCall: Call = { ...feed(inQueue(), wordsOver).call, id: '01890000-0000-7000-8000-00000000000a' };
let complete: boolean;
const entry = { callId: waitingCall.id, specialty: 'transport', score: 1, queuedAt: 1 };

beforeEach(async () => {
  redis = createRedis(await testRedis(), silentLog);
  routing = await createRouting({
    redis,
    clock: systemClock,
    log: silentLog,
    missesBeforePause: 2,
    missPauseSeconds: 60,
  });
  posted = [];
  live = new Map();
  const switchboard = { live: () => live } as unknown as Switchboard;
  complete = true;
  const known = { complete: () => complete, log: silentLog, wrapUpSeconds: 30 };
  comparison = createComparison({ routing, switchboard, ...known });
});
afterEach(async () => {
  comparison.close();
  await routing.close();
  await closeRedis(redis);
});

function isLive(call: Call): void {
  const runner: Runner = {
    call: () => call,
    post: (event) => posted.push(event),
    idle: () => Promise.resolve(),
    busy: () => false,
    abandon: () => undefined,
  };
  live.set(call.id, runner);
}

const twice = async () => (await comparison.once()) + (await comparison.once());

describe('createComparison', () => {
  it('finds nothing where both agree', async () => {
    isLive(waitingCall);
    await routing.enqueue(entry);
    expect(await twice()).toBe(0);
    expect(posted).toEqual([]);
  });

  it('sends a citizen back to the queue whose place Redis has lost', async () => {
    isLive(waitingCall);
    expect(await comparison.once()).toBe(0);
    expect(await comparison.once()).toBe(1);
    expect(posted).toEqual([expect.objectContaining({ type: 'queue-failed', code: 'place-lost' })]);
    expect(comparison.mended()).toBe(1);
  });

  it('puts back a talk of which Redis knows nothing', async () => {
    const offerId = '01890000-0000-7000-8000-0000000000b1';
    const talk = { offerId, expertId: 'e001', startedAt: 5 };
    isLive({ ...waitingCall, state: 'talking', talk });
    await routing.putExpert('e001', ['transport']);
    expect(await twice()).toBe(1);
    expect(await routing.expert('e001')).toMatchObject({
      activity: 'talking',
      callId: waitingCall.id,
      since: 5,
    });
    expect(await twice()).toBe(0);
  });

  it('sends a citizen back whom Redis holds for rung while nobody rings', async () => {
    isLive(waitingCall);
    await routing.putExpert('e001', ['transport']);
    await routing.setReachable('e001', true);
    await routing.setIntent('e001', 'ready', null, null);
    await routing.enqueue(entry);
    expect(await routing.reservations()).toHaveLength(1);
    expect(await twice()).toBe(1);
    expect(posted).toHaveLength(1);
  });

  it('gives back the place and the expert of a call that is no more', async () => {
    await routing.putExpert('e001', ['transport']);
    await routing.setReachable('e001', true);
    await routing.setIntent('e001', 'ready', null, null);
    await routing.enqueue(entry);
    await twice();
    expect(await routing.waiting()).toEqual([]);
    expect(await routing.reservations()).toEqual([]);
    expect(await routing.expert('e001')).toMatchObject({ activity: 'idle' });
  });

  it('frees the expert of a talk that is no more', async () => {
    const offers: string[] = [];
    routing.onOffer((offer) => offers.push(offer.offerId));
    await routing.putExpert('e001', ['transport']);
    await routing.setReachable('e001', true);
    await routing.setIntent('e001', 'ready', null, null);
    await routing.enqueue(entry);
    await routing.accept(offers[0] ?? '');
    await twice();
    expect(await routing.expert('e001')).toMatchObject({ activity: 'idle', callId: null });
  });

  it('judges nothing before the calls in the exchange have been taken up, nor by what it saw then', async () => {
    await routing.enqueue(entry);
    await comparison.once();
    complete = false;
    expect(await twice()).toBe(0);
    complete = true;
    expect(await comparison.once()).toBe(0);
    expect(await routing.waiting()).toHaveLength(1);
    expect(await comparison.once()).toBe(1);
  });

  it('leaves alone what was only under way', async () => {
    isLive(waitingCall);
    await comparison.once();
    await routing.enqueue(entry);
    expect(await twice()).toBe(0);
  });
});

describe('createSnapshots', () => {
  it('keeps a call with what was still to do, until it is removed', async () => {
    const snapshots = createSnapshots(redis);
    const snapshot = { call: waitingCall, effects: [{ do: 'leave-queue' as const }] };
    await snapshots.save(snapshot);
    expect(await snapshots.all()).toEqual({ kept: [snapshot], refused: [] });
    await snapshots.remove(waitingCall.id);
    expect(await snapshots.all()).toEqual({ kept: [], refused: [] });
  });
});
