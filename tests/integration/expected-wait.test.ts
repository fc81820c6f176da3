import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import { ROLES } from '../../src/staff/rules.ts';
import { createWaitEstimates, type WaitEstimates } from '../../src/routing/wait-estimates.ts';
import type { WaitEstimate } from '../../src/routing/wait-range.ts';
import { stage, startMechanism } from '../support/routing.ts';
import { silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';
import { problemIn, startWeb, type TestWeb } from '../support/web.ts';

/** Waits reckoned from the real tables and queues, and the report on what was told. */

let web: TestWeb;
let mechanism: Awaited<ReturnType<typeof startMechanism>>;
beforeAll(async () => {
  web = await startWeb();
  mechanism = await startMechanism();
});
afterEach(() => web.pool.query('truncate calls, call_entries cascade'));
afterAll(async () => {
  if (mechanism) await closeRedis(mechanism.redis);
  await web.close();
});

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

interface Told {
  low: number;
  high: number | null;
  reason?: string;
}
interface Past {
  specialty?: string;
  /** null: hung up. */
  waited: number | null;
  daysAgo?: number;
  talked?: number;
  told?: Told[];
}

/** A call of the past: queued, told things at once, answered or not, and wrapped up in 20 s. */
async function past({
  specialty = 'finance',
  waited,
  talked = 100,
  told = [],
  daysAgo = 0,
}: Past): Promise<void> {
  const id = uuidv7();
  await web.pool.query(
    `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, answered_at, ended_at, state, ending)
     select $1, 'inbound', 'menu', '+989121234567', '', $2, q, q, q + make_interval(secs => $3), q + make_interval(secs => coalesce($3, 60) + $4), 'ended',
            case when $3::float8 is null then 'abandoned' else 'answered' end
     from (select date_trunc('second', now()) - interval '1 hour' - make_interval(days => $5) as q) as queued`,
    [id, specialty, waited, waited === null ? 0 : talked, daysAgo],
  );
  await web.pool.query(
    `insert into call_entries (call_id, seq, kind, at, actor, data)
     select $1, 9, 'wrap-up.ended', ended_at + interval '20 s', 'system', '{}' from calls where id = $1 and answered_at is not null`,
    [id],
  );
  for (const [index, { low, high, reason = null }] of told.entries())
    await web.pool.query(
      `insert into call_entries (call_id, seq, kind, at, actor, data)
       select $1, 20 + $2, 'wait.told', queued_at, 'system',
              jsonb_build_object('toldAt', queued_at, 'place', 2, 'lowMinutes', $3::int, 'highMinutes', $4::int, 'staffed', 2, 'reason', $5::text)
       from calls where id = $1`,
      [id, index, low, high, reason],
    );
}

describe('the report', () => {
  const url = '/api/v1/reports/expected-wait';
  const report = async (query = '') => {
    const { token } = await web.signIn('supervisor');
    return await web.as(token, { url: `${url}${query}` });
  };
  interface Row {
    specialty: string;
    missSeconds: number | null;
  }

  it('counts waits inside, sooner and later than told, and how far off, over the answered', async () => {
    await past({
      waited: 400,
      told: [
        { low: 5, high: 10 },
        { low: 7, high: null },
      ],
    });
    await past({ waited: 700, told: [{ low: 5, high: 10, reason: 'staffing-fell' }] });
    await past({ waited: null, told: [{ low: 5, high: 10 }] });
    const { items, next } = (await report()).json<{ items: Row[]; next: null }>();
    expect(next).toBeNull();
    expect(items.map((item) => item.specialty)).toEqual([
      'urban-planning',
      'transport',
      'urban-services',
      'finance',
    ]);
    expect(items[3]).toEqual({
      ...{ specialty: 'finance', told: 4, answered: 3, inside: 1, sooner: 1, later: 1, raised: 1 },
      ...{ insideShare: 1 / 3, missSeconds: 40 },
    });
    expect(items[0]).toMatchObject({ told: 0, answered: 0, insideShare: null, missSeconds: null });
  });

  it('is of the span that is asked for, and a table too', async () => {
    await past({ waited: 400, told: [{ low: 5, high: 10 }] });
    const before = encodeURIComponent(new Date(Date.now() - 2 * 3_600_000).toISOString());
    expect((await report(`?to=${before}`)).json<{ items: unknown[] }>().items[3]).toMatchObject({ told: 0 });
    expect((await report(`?from=${before}`)).json<{ items: unknown[] }>().items[3]).toMatchObject({
      told: 1,
    });
    // Without a beginning the last thirty days.
    await past({ waited: 400, told: [{ low: 5, high: 10 }], daysAgo: 40 });
    const { from, to, items } = (await report()).json<{ from: string; to: string; items: unknown[] }>();
    expect(items[3]).toMatchObject({ told: 1 });
    expect(Date.parse(to) - Date.parse(from)).toBe(30 * 86_400_000);
    const long = encodeURIComponent(new Date(Date.now() - 50 * 86_400_000).toISOString());
    expect((await report(`?from=${long}`)).json<{ items: unknown[] }>().items[3]).toMatchObject({ told: 2 });
    const csv = await report('?format=csv');
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.body).toContain('finance,1,1,1,0,0,0,1,0');
  });

  it('is for those who run and check the clinic', async () => {
    const allowed: string[] = [];
    for (const role of ROLES) {
      const { token } = await web.signIn(role);
      if ((await web.as(token, { url })).statusCode === 200) allowed.push(role);
    }
    expect(allowed.toSorted()).toEqual(['admin', 'auditor', 'reviewer', 'supervisor']);
    expect(problemIn(await web.app.inject({ url })).status).toBe(401);
  });
});

describe('an estimate', () => {
  const entry = (callId: string, score = mechanism.state.now) => ({
    ...{ callId, specialty: 'finance', score, queuedAt: score },
  });
  async function estimates(): Promise<WaitEstimates> {
    mechanism.state.now = Date.now();
    await mechanism.redis.flushdb();
    return createWaitEstimates({
      ...{ routing: mechanism.read, pool: web.pool, clock, log: silentLog },
      equityBoundSeconds: 120,
    });
  }
  const known = async (waits: WaitEstimates, callId: string, place: number) => {
    let found = await waits.ask(entry(callId), place);
    await waitFor(async () => (found ??= await waits.ask(entry(callId), place)) !== null);
    return found as WaitEstimate;
  };

  it('comes from the latest talks, wrap-up included, and from who is at work', async () => {
    for (const talked of [200, 300, 400, 250, 350]) await past({ waited: 10, talked });
    const waits = await estimates();
    const { expertReady, citizenJoins } = stage(mechanism);
    for (const [expert, call] of [
      ['e001', 't1'],
      ['e002', 't2'],
    ] as const) {
      await expertReady(expert, 'finance');
      const [offer] = (await citizenJoins(call, 'finance')).offers;
      await mechanism.transitions.accept(mechanism.state.now, offer!.offerId);
    }
    const range = await known(waits, 'c1', 4);
    expect(range.staffed).toBe(2);
    // Four turns of 320 s over two experts: 640 s on average, and few talks known.
    expect(range.lowSeconds).toBeGreaterThan(200);
    expect(range.lowSeconds).toBeLessThan(500);
    expect(range.highSeconds).toBeGreaterThan(750);
    expect(range.highSeconds).toBeLessThan(1300);
  });

  it('is none where too little is known, or an expert is free', async () => {
    for (let count = 0; count < 4; count += 1) await past({ waited: 10 });
    const few = await estimates();
    await stage(mechanism).expertReady('e001', 'finance');
    expect(await few.ask(entry('c1'), 2)).toBeNull();
    await past({ waited: 10 });
    const waits = await estimates();
    await stage(mechanism).expertReady('e001', 'finance');
    // Who stands behind the first is told of it.
    await known(waits, 'c1', 2);
    expect(await waits.ask(entry('c1'), 1)).toBeNull();
  });

  it('tells where nobody of the specialty is at work, whatever is known of its talks', async () => {
    const without = await estimates();
    await stage(mechanism).expertReady('e001', 'transport');
    expect(await without.ask(entry('c1'), 1)).toEqual({ backAt: null });
    for (let count = 0; count < 5; count += 1) await past({ waited: 10 });
    expect(await (await estimates()).ask(entry('c1'), 1)).toEqual({ backAt: null });
  });
});
