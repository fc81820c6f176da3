import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEarlierExperts } from '../../src/calls/earlier-expert.ts';
import type { Call } from '../../src/calls/call.ts';
import { addDemoExperts } from '../../src/experts/demo-roster.ts';
import { closeRedis } from '../../src/platform/redis.ts';
import { createTestDatabase } from '../support/database.ts';
import { stage, startMechanism, T0 } from '../support/routing.ts';
import { silentLog } from '../support/silent-log.ts';

/** A citizen who comes back within some days: with whom the last talk was, and whether that expert is here. */

const DAY_MS = 86_400_000;
const CALLER = '+989121234567';
let pool: pg.Pool;
let mechanism: Awaited<ReturnType<typeof startMechanism>>;
beforeAll(async () => {
  pool = new pg.Pool({ connectionString: await createTestDatabase() });
  mechanism = await startMechanism();
  // e001 urban-planning, e002 transport, e003 urban-services and finance.
  await addDemoExperts(pool, 3);
});
beforeEach(async () => {
  await pool.query('truncate calls cascade');
  await mechanism.redis.flushdb();
  mechanism.state.now = T0;
});
afterAll(async () => {
  if (mechanism) await closeRedis(mechanism.redis);
  await pool?.end();
});

const talked = (expertId: string, specialty: string, daysAgo: number) =>
  pool.query(
    `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, answered_at, ended_at, state, ending, expert_id)
     select $1, 'inbound', 'menu', $2, '', $3, at, at, at, at + interval '100 s', 'ended', 'answered', $4
     from (select to_timestamp($5::float8 / 1000) as at) as began`,
    [uuidv7(), CALLER, specialty, expertId, T0 - daysAgo * DAY_MS],
  );
const windowFor = (specialty: string, caller: string | null = CALLER, days = 7) =>
  createEarlierExperts({
    ...{ pool, routing: mechanism.read, clock: { now: () => T0, monotonic: () => T0 }, log: silentLog },
    ...{ days, seconds: 20 },
  }).windowFor({ id: 'c1', caller, specialty } as Call);

describe('the expert of the last talk', () => {
  it('is asked first for a while, if at work and still of that specialty', async () => {
    const { expertReady } = stage(mechanism);
    await expertReady('e002', 'transport');
    await talked('e001', 'transport', 3);
    await talked('e002', 'transport', 2);
    await talked('e001', 'urban-planning', 1);
    expect(await windowFor('transport')).toEqual({ expertId: 'e002', until: T0 + 20_000 });
    // The skill is gone.
    await talked('e001', 'transport', 1);
    await expertReady('e001', 'urban-planning');
    expect(await windowFor('transport')).toBeNull();
  });

  it('is waited for while talking, and not while away', async () => {
    const { citizenJoins, expertReady } = stage(mechanism);
    await talked('e002', 'transport', 2);
    expect(await windowFor('transport')).toBeNull();
    await expertReady('e002', 'transport');
    await citizenJoins('other', 'transport');
    expect(await windowFor('transport')).not.toBeNull();
    await mechanism.transitions.setIntent(T0, 'e002', 'paused', null, null);
    expect(await windowFor('transport')).toBeNull();
  });

  it('is nobody after more days, for a withheld number, or where it is not wanted', async () => {
    await stage(mechanism).expertReady('e002', 'transport');
    await talked('e002', 'transport', 8);
    expect(await windowFor('transport')).toBeNull();
    await talked('e002', 'transport', 2);
    expect(await windowFor('transport', null)).toBeNull();
    expect(await windowFor('transport', CALLER, 0)).toBeNull();
    expect(await windowFor('transport', '+989120000000')).toBeNull();
  });
});
