import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import { broken, stage, startMechanism, T0, takePicture } from '../support/routing.ts';

/** From the queue to an expert and back: each arrow of a citizen's way, given, when, then. */

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

describe('joining the queue', () => {
  test('given nobody idle, a citizen waits and is told the place', async () => {
    const { citizenJoins, later, read } = on();
    expect(await citizenJoins('c1', 'finance')).toEqual({
      ...{ result: { position: 1 }, offers: [], changes: [], nextDeadline: null },
    });
    later(1);
    expect((await citizenJoins('c2', 'finance')).result).toEqual({ position: 2 });
    expect((await citizenJoins('c3', 'transport')).result).toEqual({ position: 1 });
    expect(await read.position('c2')).toBe(2);
    expect(await read.position('nobody')).toBeNull();
  });

  test('given an older place, a citizen stands before those who came later; equal scores go by call id', async () => {
    const { citizenJoins, read } = on();
    await citizenJoins('c2', 'finance', T0);
    await citizenJoins('c9', 'finance', T0 - 5000);
    expect((await citizenJoins('c1', 'finance', T0)).result).toEqual({ position: 2 });
    expect((await read.waiting()).map((one) => one.callId)).toEqual(['c9', 'c1', 'c2']);
  });

  test('joining twice keeps the first place and asks nobody twice', async () => {
    const { citizenJoins, expertReady, later, pairs, read } = on();
    await expertReady('e001', 'finance');
    await expertReady('e002', 'finance');
    const first = await citizenJoins('c1', 'finance');
    later(1);
    const second = await citizenJoins('c1', 'finance');
    expect(pairs(first.offers)).toEqual(['c1 → e001']);
    // The same offer once more: whoever joins again may never have heard of it.
    expect(second.offers).toEqual(first.offers);
    expect(await read.reservations()).toHaveLength(1);
  });

  test('a call in a talk cannot join', async () => {
    const { citizenJoins, expertReady, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
    await expect(citizenJoins('c1', 'finance')).rejects.toMatchObject({ code: 'call-talking' });
  });

  test.each([
    ['no key', { specialty: 'urban planning,finance' }],
    ['empty', { specialty: '' }],
    ['not a score', { score: Number.NaN }],
    ['no time', { queuedAt: Number.POSITIVE_INFINITY }],
  ])('what cannot be (%s) is refused before anything is written', async (_name, wrong) => {
    const { transitions, redis } = on();
    const entry = { callId: 'c1', specialty: 'finance', score: T0, queuedAt: T0, ...wrong };
    await expect(transitions.enqueue(now(), entry)).rejects.toMatchObject({
      code: 'routing-argument-invalid',
    });
    expect(await redis.dbsize()).toBe(0);
  });
});

describe('who is offered whom', () => {
  test('the longest idle expert with the skill is asked, and the offer says why', async () => {
    const { citizenJoins, expertReady, later, transitions } = on();
    await expertReady('e003', 'finance');
    later(10);
    await expertReady('e001', 'finance', 'transport');
    await expertReady('e002', 'transport');
    await expertReady('e004', 'finance');
    await transitions.setIntent(now(), 'e004', 'paused', 'break', null);
    await transitions.putExpert(now(), 'e005', ['finance']);
    const at = later(20);
    const { offers, result } = await citizenJoins('c1', 'finance', at - 7000);
    expect(result).toEqual({ position: 1 });
    expect(offers).toEqual([
      {
        offerId: expect.stringMatching(
          /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        ) as string,
        ...{ callId: 'c1', expertId: 'e003', specialty: 'finance', madeAt: at, attempt: 1 },
        why: {
          rule: 'longest-waiting-to-longest-idle',
          waitedMs: 7000,
          position: 1,
          candidates: [
            { expertId: 'e003', idleMs: 30_000 },
            { expertId: 'e001', idleMs: 20_000 },
          ],
          excluded: [
            { expertId: 'e004', because: 'paused' },
            { expertId: 'e005', because: 'offline' },
          ],
        },
      },
    ]);
  });

  test('an expert of several queues takes the citizen who has waited longest in any of them', async () => {
    const { citizenJoins, expertReady, later, pairs, transitions } = on();
    await citizenJoins('c3', 'finance');
    later(1);
    await citizenJoins('c2', 'transport');
    later(1);
    await citizenJoins('c1', 'finance');
    await expertReady('e001', 'transport', 'finance');
    await expertReady('e002', 'finance', 'transport');
    const { reservations } = await takePicture(on().read);
    expect(reservations.map(({ callId, expertId }) => `${callId} → ${expertId}`).sort()).toEqual([
      ...['c2 → e002', 'c3 → e001'],
    ]);
    const told = await transitions.leave(now(), 'c2');
    expect(pairs(told.offers)).toEqual(['c1 → e002']);
  });

  test('reasons are kept to ten candidates and twenty excluded, those at work before those away', async () => {
    const { citizenJoins, expertReady, transitions } = on();
    const name = (index: number) => `e${String(index).padStart(3, '0')}`;
    for (let index = 1; index <= 13; index++) await expertReady(name(index), 'finance');
    for (let index = 20; index < 50; index++) await transitions.putExpert(now(), name(index), ['finance']);
    await citizenJoins('c1', 'finance');
    const { offers } = await citizenJoins('c2', 'finance');
    const { candidates, excluded } = offers[0]!.why;
    expect(candidates).toHaveLength(10);
    expect(excluded).toHaveLength(20);
    expect(excluded[0]).toEqual({ expertId: 'e001', because: 'ringing' });
    expect(excluded.at(-1)).toEqual({ expertId: 'e038', because: 'offline' });
  });

  test('one expert and two citizens: the second waits, keeps the place and is next', async () => {
    const { citizenJoins, expertReady, pairs, read, transitions } = on();
    await expertReady('e001', 'finance');
    const first = await citizenJoins('c1', 'finance');
    const second = await citizenJoins('c2', 'finance');
    expect(second).toMatchObject({ result: { position: 2 }, offers: [] });
    await transitions.accept(now(), first.offers[0]!.offerId);
    expect(await read.position('c1')).toBeNull();
    expect(await read.position('c2')).toBe(1);
    expect(pairs((await transitions.release(now(), 'c1', 0)).offers)).toEqual(['c2 → e001']);
  });

  test('two experts and one citizen: one is asked, the other stays idle', async () => {
    const { citizenJoins, expertReady, expert } = on();
    await expertReady('e001', 'finance');
    await expertReady('e002', 'finance');
    await citizenJoins('c1', 'finance');
    expect((await expert('e001')).activity).toBe('ringing');
    expect((await expert('e002')).activity).toBe('idle');
  });
});

describe('an offer is accepted', () => {
  test('the two are one another’s; told again it stays so', async () => {
    const { citizenJoins, expertReady, later, expert, read, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    const { offerId } = offers[0]!;
    const at = later(3);
    expect((await transitions.accept(at, offerId)).result).toBe('accepted');
    expect((await transitions.accept(later(1), offerId)).result).toBe('accepted');
    expect(await expert('e001')).toMatchObject({ activity: 'talking', since: at, callId: 'c1', misses: 0 });
    expect(await read.waiting()).toEqual([]);
    expect(await read.reservations()).toEqual([
      { callId: 'c1', expertId: 'e001', offerId, activity: 'talking' },
    ]);
  });

  test('a citizen who left, an offer missed and one that never was are stale', async () => {
    const { citizenJoins, expertReady, transitions } = on();
    await expertReady('e001', 'finance');
    const left = (await citizenJoins('c1', 'finance')).offers[0]!;
    await transitions.leave(now(), 'c1');
    const missed = (await citizenJoins('c2', 'finance')).offers[0]!;
    await transitions.miss(now(), missed.offerId, 'no-answer');
    for (const offerId of [left.offerId, missed.offerId, 'never'])
      expect((await transitions.accept(now(), offerId)).result, offerId).toBe('stale');
  });

  test('an offer of the call’s earlier visit to the queue is stale though the call rings again', async () => {
    const { citizenJoins, expertReady, transitions } = on();
    await expertReady('e001', 'finance');
    const old = (await citizenJoins('c1', 'finance')).offers[0]!;
    await transitions.leave(now(), 'c1');
    const fresh = (await citizenJoins('c1', 'finance')).offers[0]!;
    expect(fresh.offerId).not.toBe(old.offerId);
    expect((await transitions.accept(now(), old.offerId)).result).toBe('stale');
    expect((await transitions.accept(now(), fresh.offerId)).result).toBe('accepted');
  });
});

describe('a citizen leaves', () => {
  test('while an expert rings: the expert is idle as long as before and gets the next citizen at once', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    later(60);
    const { offers } = await citizenJoins('c1', 'finance');
    later(5);
    const told = await transitions.leave(now(), 'c1');
    expect(told.result).toEqual({ cancelledOfferId: offers[0]!.offerId });
    expect(await expert('e001')).toMatchObject({ activity: 'idle', since: T0, callId: null, misses: 0 });

    await citizenJoins('c2', 'finance');
    await citizenJoins('c3', 'finance');
    expect(pairs((await transitions.leave(now(), 'c2')).offers)).toEqual(['c3 → e001']);
  });

  test('while waiting, while talking, twice, or never having been there: nobody is disturbed', async () => {
    const { citizenJoins, expertReady, expert, read, transitions } = on();
    const nothing = { result: { cancelledOfferId: null }, offers: [], changes: [], nextDeadline: null };
    await citizenJoins('c1', 'finance');
    expect(await transitions.leave(now(), 'c1')).toEqual(nothing);
    expect(await transitions.leave(now(), 'c1')).toEqual(nothing);
    expect(await read.waiting()).toEqual([]);

    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c2', 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
    expect(await transitions.leave(now(), 'c2')).toEqual(nothing);
    expect((await expert('e001')).activity).toBe('talking');
  });
});

describe('a talk ends', () => {
  async function talk(callId: string) {
    const { citizenJoins, transitions } = on();
    const { offers } = await citizenJoins(callId, 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
  }

  test('wrap-up runs to its end, then the expert is idle and gets who waits', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    await talk('c1');
    const at = later(100);
    const told = await transitions.release(at, 'c1', 30_000);
    expect(told).toMatchObject({ offers: [], changes: [], nextDeadline: at + 30_000 });
    expect(await expert('e001')).toMatchObject({
      ...{ activity: 'wrap-up', since: at, callId: 'c1', wrapUpUntil: at + 30_000 },
    });
    await citizenJoins('c2', 'finance');
    expect(await transitions.expire(later(29))).toMatchObject({ offers: [], changes: [] });
    later(2);
    const ended = await transitions.expire(now());
    expect(ended.changes).toEqual([
      { type: 'wrap-up-ended', expertId: 'e001', callId: 'c1', at: at + 30_000 },
    ]);
    expect(pairs(ended.offers)).toEqual(['c2 → e001']);
    expect(ended.offers[0]!.why.candidates).toEqual([{ expertId: 'e001', idleMs: 1000 }]);
    expect(ended.nextDeadline).toBeNull();
  });

  test('without a wrap-up the next citizen is offered in the same step', async () => {
    const { citizenJoins, expertReady, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    await talk('c1');
    await citizenJoins('c2', 'finance');
    const told = await transitions.release(now(), 'c1', 0);
    expect(pairs(told.offers)).toEqual(['c2 → e001']);
    expect(told.changes).toEqual([]);
  });

  test('released twice, or without a talk, nothing happens', async () => {
    const { citizenJoins, expertReady, later, expert, transitions } = on();
    await expertReady('e001', 'finance');
    await talk('c1');
    const at = now();
    await transitions.release(at, 'c1', 30_000);
    await transitions.release(later(5), 'c1', 30_000);
    await transitions.release(now(), 'nobody', 0);
    expect((await expert('e001')).wrapUpUntil).toBe(at + 30_000);
    await expertReady('e002', 'finance');
    await citizenJoins('c2', 'finance');
    await transitions.release(now(), 'c2', 0);
    expect((await expert('e002')).activity).toBe('ringing');
  });
});

describe('a citizen waits again', () => {
  test('after a talk that broke off: at the old place, before all who came since', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, read, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
    later(60);
    await citizenJoins('c2', 'finance');
    const entry = { callId: 'c1', specialty: 'finance', score: T0, queuedAt: T0 };
    const told = await transitions.requeue(now(), entry);
    expect(told.result).toEqual({ position: 1 });
    expect(pairs(told.offers)).toEqual(['c1 → e001']);
    expect(told.offers[0]).toMatchObject({ attempt: 2, why: { waitedMs: 60_000 } });
    expect((await expert('e001')).restUntil).toBeNull();
    expect(await read.position('c2')).toBe(2);
  });

  test('a talk broken off at once: another expert is asked, and the same one only after a rest', async () => {
    const { citizenJoins, expertReady, later, expert, pairs, transitions } = on();
    await expertReady('e001', 'finance');
    const { offers } = await citizenJoins('c1', 'finance');
    await transitions.accept(now(), offers[0]!.offerId);
    const joined = now();
    later(1);
    const entry = { callId: 'c1', specialty: 'finance', score: T0, queuedAt: T0 };
    const told = await transitions.requeue(now(), entry);
    expect(told).toMatchObject({ offers: [], nextDeadline: joined + 5000 });
    expect((await expert('e001')).restUntil).toBe(joined + 5000);
    await expertReady('e002', 'finance');
    expect((await expert('e002')).activity).toBe('ringing');
    expect(pairs((await transitions.expire(joined + 5000)).offers)).toEqual([]);
    expect((await expert('e001')).restUntil).toBeNull();
  });

  test('when nobody knows what became of the ring: it ends, and a new offer is made', async () => {
    const { citizenJoins, expertReady, later, transitions } = on();
    await expertReady('e001', 'finance');
    const first = (await citizenJoins('c1', 'finance')).offers[0]!;
    later(4);
    const entry = { callId: 'c1', specialty: 'finance', score: T0, queuedAt: T0 };
    const [again] = (await transitions.requeue(now(), entry)).offers;
    expect(again).toMatchObject({ callId: 'c1', expertId: 'e001', attempt: 2 });
    // The idle time is the one from before the ring that came to nothing.
    expect(again!.why.candidates[0]!.idleMs).toBe(4000);
    expect((await transitions.accept(now(), first.offerId)).result).toBe('stale');
  });

  test('unknown here, as after Redis was emptied: the place and the count of offers go on', async () => {
    const { expertReady, transitions } = on();
    await expertReady('e001', 'finance');
    const entry = { callId: 'c1', specialty: 'finance', score: T0 - 9000, queuedAt: T0 - 9000, attempts: 3 };
    const { offers } = await transitions.requeue(now(), entry);
    expect(offers[0]).toMatchObject({ attempt: 4, why: { waitedMs: 9000 } });
  });

  test('already waiting: nothing changes', async () => {
    const { citizenJoins, read, transitions } = on();
    await citizenJoins('c1', 'finance', T0 - 100);
    const before = await read.waiting();
    await transitions.requeue(now(), { callId: 'c1', specialty: 'finance', score: T0, queuedAt: T0 });
    expect(await read.waiting()).toEqual(before);
    expect(broken(await takePicture(read))).toEqual([]);
  });
});
