import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import { startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { stage, startMechanism } from '../support/routing.ts';

/**
 * What a transition costs, counted in Redis commands instead of milliseconds: the same for a small clinic and for a large
 * one. A server of its own, for the counters are the whole server's.
 */

let server: PrivateServer;
let mechanism: Awaited<ReturnType<typeof startMechanism>>;
beforeAll(async () => {
  server = await startPrivateRedis();
  mechanism = await startMechanism(server.url);
});
afterAll(async () => {
  if (mechanism) await closeRedis(mechanism.redis);
  await server?.remove();
});

/** Commands carried out inside the scripts of `act`. */
async function commandsOf(act: () => Promise<unknown>): Promise<number> {
  const { redis } = mechanism;
  await redis.config('RESETSTAT');
  await act();
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/^cmdstat_([a-z|]+):calls=(\d+)/gm)]
    .filter(([, name]) => !['evalsha', 'eval', 'info', 'config|resetstat', 'config'].includes(name ?? ''))
    .reduce((sum, [, , calls]) => sum + Number(calls), 0);
}

const SKILLS = ['finance', 'transport', 'urban-planning', 'urban-services'];

/** Experts of two skills each, all at their desks and then all in a talk; as many citizens wait as asked for. */
async function clinic(experts: number, waiting: number): Promise<void> {
  const { redis, state, transitions } = mechanism;
  const { citizenJoins, expertReady } = stage(mechanism);
  await redis.flushdb();
  const skills = (index: number) => [SKILLS[index % 4]!, SKILLS[(index + 1) % 4]!];
  for (let index = 0; index < experts; index++) {
    await expertReady(`e${1000 + index}`, ...skills(index));
    const [offer] = (await citizenJoins(`t${1000 + index}`, skills(index)[0]!)).offers;
    await transitions.accept(state.now, offer!.offerId);
  }
  for (let index = 0; index < waiting; index++) await citizenJoins(`w${1000 + index}`, SKILLS[index % 4]!);
}

async function costs(experts: number, waiting: number): Promise<Record<string, number>> {
  await clinic(experts, waiting);
  const { state, transitions } = mechanism;
  const { citizenJoins } = stage(mechanism);
  const free = await commandsOf(() => transitions.release(state.now, 't1000', 0));
  const ring = await mechanism.read.expert('e1000');
  const { live } = { live: await mechanism.read.reservations() };
  const offerId = live.find((one) => one.expertId === 'e1000')!.offerId;
  expect(ring!.activity).toBe('ringing');
  return {
    'a talk ends, the next is offered': free,
    'a citizen joins': await commandsOf(() => citizenJoins('late', SKILLS[0]!)),
    'an offer is missed': await commandsOf(() => transitions.miss(state.now, offerId, 'no-answer')),
    'a citizen leaves': await commandsOf(() => transitions.leave(state.now, 'w1003')),
    'the queues are read': await commandsOf(() => mechanism.read.queues(SKILLS)),
  };
}

test('transitions cost the same with 20 experts and 50 waiting as with 400 and 500', async () => {
  const small = await costs(20, 50);
  const large = await costs(400, 500);
  expect(large).toEqual(small);
  expect(Math.max(...Object.values(large))).toBeLessThanOrEqual(40);
});
