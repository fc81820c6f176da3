import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import { NO_RULES } from '../../src/routing/mechanism.ts';
import { stage, startMechanism, T0 } from '../support/routing.ts';

/** What Redis keeps for the sake of the bound: what falls to each specialty, and who is at its calls. */

let mechanism: Awaited<ReturnType<typeof startMechanism>>;
beforeAll(async () => {
  mechanism = await startMechanism();
});
beforeEach(async () => {
  await mechanism.redis.flushdb();
  mechanism.state.now = T0;
  mechanism.state.rules = { ...NO_RULES, equityBoundMs: 120_000 };
});
afterAll(() => mechanism && closeRedis(mechanism.redis));

const ROOT = '{clinic}:routing';
const shares = () => mechanism.redis.hgetall(`${ROOT}:shares`);
const engaged = async (specialty: string) =>
  (await mechanism.redis.smembers(`${ROOT}:engaged:${specialty}`)).sort();

/** Two experts of both talk for transport, one more of it waits and, a second later, one of finance. */
async function flooded(): Promise<void> {
  const { transitions, state } = mechanism;
  const { citizenJoins, expertReady, later } = stage(mechanism);
  for (const expert of ['e001', 'e002']) await expertReady(expert, 'finance', 'transport');
  for (const call of ['t1', 't2'])
    for (const { offerId } of (await citizenJoins(call, 'transport')).offers)
      await transitions.accept(state.now, offerId);
  await citizenJoins('t3', 'transport');
  later(1);
  await citizenJoins('f1', 'finance');
  later(120);
}

const freed = async () => {
  const { offers } = await mechanism.transitions.release(mechanism.state.now, 't1', 0);
  return offers.map(({ callId, why }) => `${callId}: ${why.rule}`);
};

test('an expert of two skills falls to each by half, while at work', async () => {
  const { transitions, state } = mechanism;
  const { expertReady } = stage(mechanism);
  await expertReady('e001', 'finance', 'transport');
  await expertReady('e002', 'finance');
  expect(await shares()).toEqual({ finance: '1260', transport: '420' });
  await transitions.setIntent(state.now, 'e001', 'paused', 'break', null);
  expect(await shares()).toEqual({ finance: '840', transport: '0' });
  await transitions.setIntent(state.now, 'e001', 'ready', null, null);
  await transitions.putExpert(state.now, 'e001', ['finance', 'transport', 'urban-planning']);
  expect(await shares()).toEqual({ finance: '1120', transport: '280', 'urban-planning': '280' });
  await transitions.removeExpert(state.now, 'e001');
  expect(await shares()).toEqual({ finance: '840', transport: '0', 'urban-planning': '0' });
});

test('an expert is at calls of a specialty from the ring to the end of wrap-up, and only with its skill', async () => {
  const { transitions, state } = mechanism;
  const { citizenJoins, expertReady } = stage(mechanism);
  await expertReady('e001', 'finance', 'transport');
  const [offer] = (await citizenJoins('f1', 'finance')).offers;
  expect(await engaged('finance')).toEqual(['e001']);
  await transitions.accept(state.now, offer!.offerId);
  await transitions.putExpert(state.now, 'e001', ['transport']);
  expect(await engaged('finance')).toEqual([]);
  await transitions.putExpert(state.now, 'e001', ['finance']);
  await transitions.release(state.now, 'f1', 5000);
  expect(await engaged('finance')).toEqual(['e001']);
  state.now += 5000;
  await transitions.expire(state.now);
  expect(await engaged('finance')).toEqual([]);
});

test('a talk put back into an emptied Redis counts, whether its expert is known before or after it', async () => {
  const { transitions, state } = mechanism;
  const { expertReady } = stage(mechanism);
  const held = { specialty: 'finance', score: T0, queuedAt: T0, activity: 'talking', since: T0 } as const;
  await expertReady('e001', 'finance', 'transport');
  for (const expertId of ['e001', 'e002'])
    await transitions.resume(state.now, {
      ...held,
      ...{ callId: `f-${expertId}`, offerId: `o-${expertId}`, expertId },
    });
  expect(await engaged('finance')).toEqual(['e001']);
  await expertReady('e002', 'finance');
  expect(await engaged('finance')).toEqual(['e001', 'e002']);
});

test('who has waited for the bound goes first', async () => {
  await flooded();
  expect(await freed()).toEqual(['f1: equity']);
});

test('what an earlier version has left counts for nothing, and is made up for as experts come and go', async () => {
  await flooded();
  const { redis, transitions, state } = mechanism;
  for (const expert of ['e001', 'e002']) await redis.hdel(`${ROOT}:expert:${expert}`, 'serves', 'share');
  for (const left of ['shares', 'engaged:transport', 'engaged:finance']) await redis.del(`${ROOT}:${left}`);
  // Of both experts one half falls to finance as soon as each has been looked at again.
  await transitions.putExpert(state.now, 'e002', ['finance', 'transport']);
  expect(await shares()).toEqual({ finance: '420', transport: '420' });
  expect(await freed()).toHaveLength(1);
  expect(await shares()).toEqual({ finance: '840', transport: '840' });
  await transitions.release(state.now, 't2', 0);
  expect([...(await engaged('finance')), ...(await engaged('transport'))].sort()).toEqual(['e001', 'e002']);
});
