import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { createRouting } from '../../src/routing/service.ts';
import { ROLES } from '../../src/staff/rules.ts';
import { silentLog } from '../support/silent-log.ts';
import { problemIn, startWeb, type TestWeb } from '../support/web.ts';

let web: TestWeb;
let token: string;
let routing: Routing;
beforeEach(async () => {
  web = await startWeb();
  token = (await web.signIn('supervisor')).token;
  routing = await createRouting({
    ...{ redis: web.redis, clock: systemClock, log: silentLog },
    ...{ missesBeforePause: 2, missPauseSeconds: 60, restSeconds: 0 },
  });
});
afterEach(async () => {
  await routing.close();
  await web.close();
});

async function expert(id: string, intent: 'ready' | 'paused', ...specialties: string[]): Promise<void> {
  await routing.putExpert(id, specialties);
  await routing.setIntent(id, intent, intent === 'paused' ? 'lunch' : null, null);
  await routing.setReachable(id, true);
}

const joins = (callId: string, specialty: string, waitedMs = 0) => {
  const queuedAt = Date.now() - waitedMs;
  return routing.enqueue({ callId, specialty, score: queuedAt, queuedAt });
};

interface Queue {
  specialty: string;
  waiting: number;
  expectedWait: { lowSeconds: number; highSeconds: number } | null;
}
const queues = async () =>
  (await web.as(token, { url: '/api/v1/queues' })).json<{ items: Queue[]; next: null }>();
const queue = async (specialty: string) =>
  (await queues()).items.find((item) => item.specialty === specialty)!;

/** A talk of 100 s that ended so long ago; its wrap-up took 20 s more. */
async function addTalk(specialty: string, endedMinutesAgo: number): Promise<void> {
  const id = uuidv7({ msecs: Date.now() - endedMinutesAgo * 60_000 });
  await web.pool.query(
    `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, answered_at, ended_at, state, ending)
     select $1, 'inbound', 'menu', '+989121234567', '', $2, e - interval '150 s', e - interval '140 s', e - interval '100 s', e, 'ended', 'answered'
     from (select now() - make_interval(mins => $3) as e) as ended`,
    [id, specialty, endedMinutesAgo],
  );
  await web.pool.query(
    `insert into call_entries (call_id, seq, kind, at, actor, data)
     select $1, 9, 'wrap-up.ended', ended_at + interval '20 s', 'system', '{}' from calls where id = $1`,
    [id],
  );
}

describe('queues', () => {
  it('stand in the order of the menu with Persian titles and live figures', async () => {
    await expert('e001', 'ready', 'transport');
    await expert('e002', 'paused', 'transport', 'finance');
    await joins('c1', 'transport', 20_000);
    await joins('c2', 'transport', 12_400);
    const { items, next } = await queues();
    expect(next).toBeNull();
    expect(items.map((item) => item.specialty)).toEqual([
      'urban-planning',
      'transport',
      'urban-services',
      'finance',
    ]);
    expect(items[1]).toEqual({
      ...{ specialty: 'transport', titleFa: 'حمل‌ونقل و ترافیک', titleEn: 'Transport' },
      ...{ waiting: 2, longestWaitSeconds: 20, ready: 0, ringing: 1, talking: 0, wrapUp: 0, paused: 1 },
      expectedWait: null,
    });
  });

  it('promise no wait that the last talks cannot tell, and that of who joins now from five on', async () => {
    await expert('e001', 'ready', 'finance');
    expect((await queue('finance')).expectedWait).toEqual({ lowSeconds: 0, highSeconds: 0 });
    await joins('c1', 'finance');
    for (let talk = 0; talk < 4; talk++) await addTalk('finance', 10);
    await addTalk('finance', 8 * 24 * 60);
    expect((await queue('finance')).expectedWait).toBeNull();
    await addTalk('finance', 1);
    // One expert, bound for 120 s by each (100 talked, 20 wrapped up).
    const next = (await queue('finance')).expectedWait!;
    expect(next.lowSeconds).toBeLessThan(120);
    expect(next.highSeconds).toBeGreaterThan(120);
    await joins('c2', 'finance');
    const later = (await queue('finance')).expectedWait!;
    expect(later.lowSeconds).toBeGreaterThan(next.lowSeconds);
    expect(later.highSeconds).toBeGreaterThan(next.highSeconds);
    await routing.setReachable('e001', false);
    expect((await queue('finance')).expectedWait).toBeNull();
  });

  it('are for those who run and those who answer', async () => {
    const allowed = new Map<string, number>();
    for (const role of ROLES) {
      const signedIn = await web.signIn(role);
      allowed.set(role, (await web.as(signedIn.token, { url: '/api/v1/queues' })).statusCode);
    }
    expect(Object.fromEntries(allowed)).toEqual({
      ...{ admin: 200, supervisor: 200, auditor: 200, expert: 200 },
      ...{ reviewer: 403, editor: 403 },
    });
    expect(problemIn(await web.app.inject({ url: '/api/v1/queues' })).status).toBe(401);
  });
});
