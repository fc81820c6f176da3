import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES } from '../../src/staff/rules.ts';
import { problemIn, startWeb, type TestWeb } from '../support/web.ts';

let web: TestWeb;
let token: string;
beforeAll(async () => {
  web = await startWeb();
  token = (await web.signIn('supervisor')).token;
});
afterAll(() => web.close());

interface Queue {
  specialty: string;
  waiting: number;
  expectedWaitSeconds: number | null;
}
const queues = async () =>
  (await web.as(token, { url: '/api/v1/queues' })).json<{ items: Queue[]; next: null }>();
const queue = async (specialty: string) =>
  (await queues()).items.find((item) => item.specialty === specialty)!;

/** A talk of 100 s that ended so long ago; its wrap-up took 20 s more unless it is not known. */
async function addTalk(specialty: string, endedMinutesAgo: number, wrapUp = true): Promise<void> {
  const id = uuidv7();
  await web.pool.query(
    `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, answered_at, ended_at, state, ending)
     select $1, 'inbound', 'menu', '+989121234567', '', $2, e - interval '150 s', e - interval '140 s', e - interval '100 s', e, 'ended', 'answered'
     from (select now() - make_interval(mins => $3) as e) as ended`,
    [id, specialty, endedMinutesAgo],
  );
  if (!wrapUp) return;
  await web.pool.query(
    `insert into call_entries (call_id, seq, kind, at, actor, data)
     select $1, 9, 'wrap-up.ended', ended_at + interval '20 s', 'system', '{}' from calls where id = $1`,
    [id],
  );
}

describe('queues', () => {
  it('stand in the order of the menu with Persian titles and live figures', async () => {
    web.queues.set('transport', {
      waiting: 3,
      longestWaitMs: 12_499,
      ready: 0,
      ringing: 1,
      talking: 2,
      wrapUp: 1,
      paused: 4,
    });
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
      ...{ waiting: 3, longestWaitSeconds: 12, ready: 0, ringing: 1, talking: 2, wrapUp: 1, paused: 4 },
      expectedWaitSeconds: null,
    });
  });

  it('promise no wait the last hour cannot tell', async () => {
    web.queues.set('finance', { waiting: 1, talking: 2 });
    for (let talk = 0; talk < 4; talk++) await addTalk('finance', 10);
    await addTalk('finance', 61);
    expect((await queue('finance')).expectedWaitSeconds).toBeNull();
    await addTalk('finance', 1);
    // Two turns of 120 s (100 talked, 20 wrapped up) over two experts.
    expect((await queue('finance')).expectedWaitSeconds).toBe(120);
    web.queues.set('finance', { waiting: 1 });
    expect((await queue('finance')).expectedWaitSeconds).toBeNull();
    web.queues.set('finance', { ready: 1 });
    expect((await queue('finance')).expectedWaitSeconds).toBe(0);
  });

  it('count a talk without a known wrap-up as it was', async () => {
    web.queues.set('urban-services', { waiting: 0, talking: 1 });
    for (let talk = 0; talk < 5; talk++) await addTalk('urban-services', 10, false);
    expect((await queue('urban-services')).expectedWaitSeconds).toBe(100);
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
