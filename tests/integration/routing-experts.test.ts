import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import type { MissReason } from '../../src/routing/routing.ts';
import { stage, startMechanism, T0 } from '../support/routing.ts';

/** What an expert is, wants and misses: each arrow of an expert's day, given, when, then. */

let mechanism: Awaited<ReturnType<typeof startMechanism>>;
beforeAll(async () => {
  mechanism = await startMechanism();
});
afterAll(() => mechanism && closeRedis(mechanism.redis));
beforeEach(async () => {
  await mechanism.redis.flushdb();
  mechanism.state.now = T0;
});

const on = () => ({ ...mechanism, ...stage(mechanism) });
const now = () => mechanism.state.now;

describe('the roster', () => {
  test('a new expert is offline and unreachable, and is asked only when ready and reachable', async () => {
    const { citizenJoins, expert, pairs, transitions } = on();
    await citizenJoins('c1', 'finance');
    expect((await transitions.putExpert(now(), 'e001', ['finance', 'transport', 'finance'])).offers).toEqual(
      [],
    );
    expect(await expert('e001')).toEqual({
      ...{ expertId: 'e001', intent: 'offline', reason: null, pausedUntil: null, reachable: false },
      ...{ activity: 'idle', since: T0, callId: null, wrapUpUntil: null, restUntil: null, misses: 0 },
      specialties: ['finance', 'transport'],
    });
    expect((await transitions.setIntent(now(), 'e001', 'ready', null, null)).offers).toEqual([]);
    expect(pairs((await transitions.setReachable(now(), 'e001', true)).offers)).toEqual(['c1 → e001']);
  });

  test('a new skill serves who waits for it; a skill taken away ends offers, not the present call', async () => {
    const { citizenJoins, expertReady, expert, pairs, read, transitions } = on();
    await expertReady('e001', 'finance');
    await citizenJoins('c1', 'transport');
    const told = await transitions.putExpert(now(), 'e001', ['finance', 'transport']);
    expect(pairs(told.offers)).toEqual(['c1 → e001']);
    await transitions.putExpert(now(), 'e001', []);
    expect(await expert('e001')).toMatchObject({ activity: 'ringing', callId: 'c1', specialties: [] });
    expect((await transitions.accept(now(), told.offers[0]!.offerId)).result).toBe('accepted');
    await transitions.release(now(), 'c1', 0);
    await citizenJoins('c2', 'finance');
    expect(await read.reservations()).toEqual([]);
    expect(await read.queues(['finance'])).toEqual([
      expect.objectContaining({ specialty: 'finance', waiting: 1, ready: 0 }),
    ]);
  });

  test('leaving the roster while idle, ringing, talking, wrapping up', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, read, transitions } = on();
    await expertReady('e001', 'finance');
    await transitions.removeExpert(now(), 'e001');
    expect(await read.expert('e001')).toBeNull();

    await expertReady('e002', 'finance');
    await citizenJoins('c1', 'finance');
    await expertReady('e003', 'finance');
    expect(pairs((await transitions.removeExpert(now(), 'e002')).offers)).toEqual(['c1 → e003']);

    const [ring] = await read.reservations();
    await transitions.accept(now(), ring!.offerId);
    await transitions.removeExpert(now(), 'e003');
    expect(await expert('e003')).toMatchObject({ activity: 'talking', intent: 'offline', specialties: [] });
    await expect(transitions.setIntent(now(), 'e003', 'ready', null, null)).rejects.toMatchObject({
      code: 'expert-unknown',
    });
    await transitions.release(now(), 'c1', 2000);
    expect((await expert('e003')).activity).toBe('wrap-up');
    expect((await transitions.expire(later(2))).changes).toMatchObject([
      { type: 'wrap-up-ended', callId: 'c1' },
    ]);
    expect(await read.experts()).toEqual([]);
    expect(await transitions.removeExpert(now(), 'e003')).toMatchObject({ offers: [], nextDeadline: null });
  });

  test('put back during the last talk, an expert stays', async () => {
    const { citizenJoins, expertReady, expert, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
    await transitions.removeExpert(now(), 'e001');
    await transitions.putExpert(now(), 'e001', ['finance']);
    await transitions.release(now(), 'c1', 0);
    expect(await expert('e001')).toMatchObject({ activity: 'idle', intent: 'offline' });
  });

  test('nobody the roster does not know has a wish or a telephone', async () => {
    const { transitions } = on();
    const unknown = { code: 'expert-unknown' };
    await expect(transitions.setIntent(now(), 'e404', 'ready', null, null)).rejects.toMatchObject(unknown);
    await expect(transitions.setReachable(now(), 'e404', true)).rejects.toMatchObject(unknown);
  });
});

describe('ready, paused, offline', () => {
  test('back from a pause, the idle time counts from there; said twice, it does not begin anew', async () => {
    const { expertReady, later, expert, transitions } = on();
    await expertReady('e001', 'finance');
    await transitions.setIntent(later(100), 'e001', 'paused', 'break', null);
    const back = later(600);
    await transitions.setIntent(back, 'e001', 'ready', null, null);
    const { result } = await transitions.setIntent(later(5), 'e001', 'ready', null, null);
    expect(result).toMatchObject({ intent: 'ready', reason: null, since: back });
    expect(await expert('e001')).toEqual(result);
  });

  test('the status returned is the one after the offer that came of it', async () => {
    const { citizenJoins, expertReady, transitions } = on();
    await expertReady('e001', 'finance');
    await transitions.setIntent(now(), 'e001', 'offline', null, null);
    await citizenJoins('c1', 'finance');
    const { result, offers } = await transitions.setIntent(now(), 'e001', 'ready', null, null);
    expect(offers).toHaveLength(1);
    expect(result).toMatchObject({ activity: 'ringing', callId: 'c1' });
  });

  test('a pause with an end ends by itself and is told; one without stays', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    const end = now() + 60_000;
    await transitions.setIntent(now(), 'e001', 'paused', 'lunch', end);
    await citizenJoins('c1', 'finance');
    const told = await transitions.expire(later(61));
    expect(told.changes).toEqual([{ type: 'pause-ended', expertId: 'e001', at: end }]);
    expect(pairs(told.offers)).toEqual(['c1 → e001']);

    await transitions.leave(now(), 'c1');
    const stays = await transitions.setIntent(now(), 'e001', 'paused', 'lunch', null);
    expect(stays.nextDeadline).toBeNull();
    expect(await transitions.expire(later(86_400))).toMatchObject({ changes: [] });
    expect(await expert('e001')).toMatchObject({ intent: 'paused', reason: 'lunch', pausedUntil: null });
  });

  test('offline has neither a reason nor an end', async () => {
    const { expertReady, transitions } = on();
    await expertReady('e001', 'finance');
    const { result, nextDeadline } = await transitions.setIntent(now(), 'e001', 'offline', 'home', now() + 9);
    expect(result).toMatchObject({ intent: 'offline', reason: null, pausedUntil: null });
    expect(nextDeadline).toBeNull();
  });

  test.each(['paused', 'offline'] as const)(
    '%s while ringing and talking takes effect afterwards',
    async (wish) => {
      const { citizenJoins, expertReady, expert, read, transitions } = on();
      await expertReady('e001', 'finance');
      const { offers } = await citizenJoins('c1', 'finance');
      await transitions.setIntent(now(), 'e001', wish, null, null);
      expect(await expert('e001')).toMatchObject({ intent: wish, activity: 'ringing' });
      await transitions.accept(now(), offers[0]!.offerId);
      expect(await expert('e001')).toMatchObject({ intent: wish, activity: 'talking' });
      await citizenJoins('c2', 'finance');
      expect((await transitions.release(now(), 'c1', 0)).offers).toEqual([]);
      expect(await expert('e001')).toMatchObject({ intent: wish, activity: 'idle' });
      expect(await read.position('c2')).toBe(1);
    },
  );

  test('ready ends a wrap-up and tells so; paused lets it run', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
    await transitions.release(now(), 'c1', 30_000);
    await citizenJoins('c2', 'finance');
    expect((await transitions.setIntent(later(5), 'e001', 'paused', 'break', null)).changes).toEqual([]);
    expect((await expert('e001')).activity).toBe('wrap-up');
    const at = later(5);
    const told = await transitions.setIntent(at, 'e001', 'ready', null, null);
    expect(told.changes).toEqual([{ type: 'wrap-up-ended', expertId: 'e001', callId: 'c1', at }]);
    expect(pairs(told.offers)).toEqual(['c2 → e001']);
    expect(told.nextDeadline).toBeNull();
  });
});

describe('telephones', () => {
  test('vanished while ringing: the citizen is offered on in the same step, and it is no miss', async () => {
    const { citizenJoins, expertReady, expert, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    await citizenJoins('c1', 'finance');
    await expertReady('e002', 'finance');
    const told = await transitions.setReachable(now(), 'e001', false);
    expect(pairs(told.offers)).toEqual(['c1 → e002']);
    expect(await expert('e001')).toMatchObject({
      activity: 'idle',
      reachable: false,
      misses: 0,
      callId: null,
    });
  });

  test('vanished in a talk: the talk goes on, then nothing is offered until it is back', async () => {
    const { citizenJoins, expertReady, expert, pairs, later, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
    await transitions.setReachable(now(), 'e001', false);
    expect((await expert('e001')).activity).toBe('talking');
    await transitions.release(now(), 'c1', 0);
    expect((await citizenJoins('c2', 'finance')).offers).toEqual([]);
    const at = later(9);
    const told = await transitions.setReachable(at, 'e001', true);
    expect(pairs(told.offers)).toEqual(['c2 → e001']);
    expect(told.offers[0]!.why.candidates).toEqual([{ expertId: 'e001', idleMs: 0 }]);
  });

  test('told twice, it changes nothing', async () => {
    const { expertReady, later, expert, transitions } = on();
    await expertReady('e001', 'finance');
    await transitions.setReachable(later(30), 'e001', true);
    expect((await expert('e001')).since).toBe(T0);
  });
});

describe('offers that come to nothing', () => {
  test('the citizen is offered on at once; the expert goes to the end of the line and rests', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, read, transitions } = on();
    await expertReady('e001', 'finance');
    later(1);
    await expertReady('e002', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    const at = later(15);
    const told = await transitions.miss(at, offers[0]!.offerId, 'no-answer');
    expect(pairs(told.offers)).toEqual(['c1 → e002']);
    expect(told.offers[0]).toMatchObject({
      attempt: 2,
      why: { excluded: [{ expertId: 'e001', because: 'resting' }] },
    });
    expect(told.nextDeadline).toBe(at + 5000);
    expect(await expert('e001')).toMatchObject({
      activity: 'idle',
      since: at,
      misses: 1,
      restUntil: at + 5000,
    });
    expect(await read.position('c1')).toBe(1);
  });

  test('where nobody else is idle the same expert is asked again, after the rest', async () => {
    const { citizenJoins, expertReady, later, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    const told = await transitions.miss(now(), offers[0]!.offerId, 'declined');
    expect(told.offers).toEqual([]);
    expect((await transitions.expire(later(4))).offers).toEqual([]);
    const rested = await transitions.expire(later(1));
    expect(pairs(rested.offers)).toEqual(['c1 → e001']);
    expect(rested.changes).toEqual([]);
  });

  test.each<[MissReason, number]>([
    ['no-answer', 1],
    ['busy', 1],
    ['declined', 1],
    ['lost', 0],
    ['unreachable', 0],
  ])('%s counts %i', async (reason, misses) => {
    const { citizenJoins, expertReady, expert, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    await transitions.miss(now(), offers[0]!.offerId, reason);
    const status = await expert('e001');
    expect(status.misses).toBe(misses);
    expect(status.reachable).toBe(reason !== 'unreachable');
    expect(status.restUntil === null).toBe(reason === 'unreachable');
  });

  test('after two in a row: a pause with its reason and its end, told; then ready and forgiven', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    const first = await citizenJoins('c1', 'finance');
    await transitions.miss(now(), first.offers[0]!.offerId, 'no-answer');
    const second = await transitions.expire(later(5));
    const at = later(15);
    const told = await transitions.miss(at, second.offers[0]!.offerId, 'no-answer');
    const until = at + 300_000;
    expect(told.changes).toEqual([{ type: 'paused', expertId: 'e001', reason: 'missed-offers', until, at }]);
    expect(await expert('e001')).toMatchObject({
      ...{ intent: 'paused', reason: 'missed-offers', pausedUntil: until, misses: 2 },
    });
    later(299);
    await transitions.expire(now());
    expect((await expert('e001')).intent).toBe('paused');
    const back = await transitions.expire(later(1));
    expect(back.changes).toEqual([{ type: 'pause-ended', expertId: 'e001', at: until }]);
    expect(pairs(back.offers)).toEqual(['c1 → e001']);
    expect((await expert('e001')).misses).toBe(0);
  });

  test('an answer in between makes the count begin anew', async () => {
    const { citizenJoins, expertReady, later, expert, transitions } = on();
    await expertReady('e001', 'finance');
    const first = await citizenJoins('c1', 'finance');
    await transitions.miss(now(), first.offers[0]!.offerId, 'no-answer');
    const second = await transitions.expire(later(5));
    await transitions.accept(now(), second.offers[0]!.offerId);
    await transitions.release(now(), 'c1', 0);
    const third = await citizenJoins('c2', 'finance');
    const told = await transitions.miss(now(), third.offers[0]!.offerId, 'no-answer');
    expect(told.changes).toEqual([]);
    expect(await expert('e001')).toMatchObject({ misses: 1, intent: 'ready' });
  });

  test('who went offline during the ring stays offline and gets no pause', async () => {
    const { citizenJoins, expertReady, later, expert, transitions } = on();
    await expertReady('e001', 'finance');
    const first = await citizenJoins('c1', 'finance');
    await transitions.miss(now(), first.offers[0]!.offerId, 'no-answer');
    const second = await transitions.expire(later(5));
    await transitions.setIntent(now(), 'e001', 'offline', null, null);
    const told = await transitions.miss(now(), second.offers[0]!.offerId, 'no-answer');
    expect(told.changes).toEqual([]);
    expect(await expert('e001')).toMatchObject({ intent: 'offline', misses: 2 });
  });

  test('missed twice, missed late, or missed after the answer: ignored', async () => {
    const { citizenJoins, expertReady, expert, transitions } = on();
    await expertReady('e001', 'finance');
    await expertReady('e002', 'finance');
    const first = await citizenJoins('c1', 'finance');
    const next = await transitions.miss(now(), first.offers[0]!.offerId, 'no-answer');
    expect(await transitions.miss(now(), first.offers[0]!.offerId, 'no-answer')).toMatchObject({
      offers: [],
    });
    expect((await expert('e001')).misses).toBe(1);
    await transitions.accept(now(), next.offers[0]!.offerId);
    await transitions.miss(now(), next.offers[0]!.offerId, 'no-answer');
    await transitions.miss(now(), 'never', 'busy');
    expect(await expert('e002')).toMatchObject({ activity: 'talking', misses: 0 });
  });
});

describe('many deadlines', () => {
  test('a hundred at a time; the earliest left over is told, so that the rest follows at once', async () => {
    const { expertReady, later, read, transitions } = on();
    const ids = Array.from({ length: 130 }, (_, index) => `e${100 + index}`);
    for (const id of ids) {
      await expertReady(id, 'finance');
      await transitions.setIntent(now(), id, 'paused', 'break', now() + 1000);
    }
    const first = await transitions.expire(later(2));
    expect(first.changes).toHaveLength(100);
    expect(first.nextDeadline).toBe(T0 + 1000);
    const second = await transitions.expire(now());
    expect(second.changes).toHaveLength(30);
    expect(second.nextDeadline).toBeNull();
    expect((await read.queues(['finance']))[0]).toMatchObject({ ready: 130, paused: 0 });
  });

  test('a deadline of nobody is dropped and holds up no other', async () => {
    const { expertReady, later, redis, transitions } = on();
    await redis.zadd('{clinic}:routing:deadlines', T0, 'wrap-up:e404');
    await expertReady('e001', 'finance');
    await transitions.setIntent(now(), 'e001', 'paused', 'break', now() + 1000);
    const told = await transitions.expire(later(1));
    expect(told).toMatchObject({ changes: [{ type: 'pause-ended' }], nextDeadline: null });
  });
});
