import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pool } from 'pg';
import { findCall } from '../../src/calls/store.ts';
import { followCalls } from '../../src/cases/jobs.ts';
import { systemClock } from '../../src/clock.ts';
import { readReference } from '../../src/cases/reference.ts';
import type { Act, Case, CaseStory } from '../../src/cases/service.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createTestDatabase } from '../support/database.ts';
import { casesOn, minute, tell, tellMessage, type TestCases, type ToldCall } from '../support/cases.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/** What calls leave behind becomes cases: from the real ledger, on a real database. */

let url: string;
let pool: Pool;
let own: TestCases;
let citizens = 0;
/** Every test has citizens of its own. */
const citizen = () => `+98912${String(++citizens).padStart(7, '0')}`;

beforeAll(async () => {
  url = await createTestDatabase();
  pool = createPool(url, log);
  own = await casesOn(pool);
  own.setTime(30);
});
afterAll(async () => {
  await own.hours.close();
  await pool.end();
});

async function casesOf(number: string | null): Promise<Case[]> {
  const all = await own.cases.list({ after: null, limit: 1000 });
  return all.filter((one) => one.number === number).toReversed();
}
const storyOf = async (id: string): Promise<CaseStory> => (await own.cases.find(id))!;
const caseIdOf = async (callId: string) => (await findCall(pool, callId))?.caseId ?? null;
const kinds = (story: CaseStory) => story.history.map(({ kind }) => kind);

const SUPERVISOR = '01890000-0000-7000-8000-000000000001';
/** A person does this to the case. */
async function acts(id: string, act: Partial<Act> & Pick<Act, 'action'>) {
  await pool.query(
    `insert into accounts (id, username, password_hash, role, name)
     values ($1, 's', '-', 'supervisor', 's') on conflict do nothing`,
    [SUPERVISOR],
  );
  const who = { accountId: SUPERVISOR, actor: `account:${SUPERVISOR}`, role: 'supervisor' } as const;
  return own.cases.act(id, { note: null, citizenAt: null, ...act }, who, () => true);
}

const sets = (callId: string, code: string, at: number) =>
  pool.query(
    `insert into outcomes (call_id, code, follow_up, set_at, actor) values ($1, $2, false, $3, 'account:1')`,
    [callId, code, minute(at)],
  );

/** Tells the calls, lets cases be opened, and gives the citizen's. */
async function after(caller: string, ...calls: Omit<ToldCall, 'caller'>[]): Promise<Case[]> {
  for (const call of calls) await tell(pool, { caller, ...call });
  await own.cases.openDue();
  return casesOf(caller);
}

describe('a promise', () => {
  test.each<[string, Partial<ToldCall>, string]>([
    ['that a fault made', { ending: 'failed' }, 'failed'],
    ['to call back', { ending: 'abandoned', keyed: '09121112233' }, 'callback'],
    ['to hear a message', { ending: 'voicemail', message: true }, 'voicemail'],
  ])('%s becomes a case with the citizen’s moment and every deadline', async (_name, told, reason) => {
    const caller = citizen();
    const callId = await tell(pool, { at: 0, ending: 'failed', caller, ...told });
    await own.cases.openDue();
    const id = await caseIdOf(callId);
    expect(id).not.toBeNull();
    const found = await storyOf(id!);
    expect(found).toMatchObject({
      ...{ reason, state: 'received', owner: null, specialty: 'transport', version: 1 },
      ...{ number: told.keyed === undefined ? caller : '+989121112233', openedAt: new Date(minute(0)) },
      calls: [{ id: callId, direction: 'inbound' }],
      history: [{ seq: 1, kind: 'case.opened', actor: 'system', data: { reason, callId } }],
    });
    expect(readReference(found.reference)).toBe(found.reference);
    expect(found.clocks.map(({ clock, dueAt }) => [clock, dueAt?.toISOString()])).toEqual([
      ['acknowledge', minute(60)],
      ['answer', minute(24 * 60)],
      ['resolve', minute(5 * 24 * 60)],
    ]);
  });

  test('to a number no telephone has is kept, to be called where the call came from', async () => {
    const caller = citizen();
    const [found] = await after(caller, { at: 0, ending: 'callback', keyed: '12' });
    const { history } = await storyOf(found!.id);
    expect(history[0]!.data).toMatchObject({ keyed: '12' });
  });

  test('to a citizen who withheld the number is a case all the same', async () => {
    const id = await tell(pool, { at: 0, ending: 'voicemail', caller: null, message: true });
    await own.cases.openDue();
    expect(await storyOf((await caseIdOf(id))!)).toMatchObject({ number: null, reason: 'voicemail' });
  });

  test('of another kind in the same hour is a case of its own', async () => {
    const found = await after(
      citizen(),
      { at: 0, ending: 'failed' },
      { at: 10, ending: 'voicemail', message: true },
    );
    expect(found.map(({ reason }) => reason)).toEqual(['failed', 'voicemail']);
  });

  test('after a talk is one where the expert says so, by keypad or over HTTP', async () => {
    const byKey = citizen();
    expect(
      await after(byKey, {
        at: 0,
        ending: 'answered',
        outcome: { code: 'follow-up-needed', followUp: false },
      }),
    ).toMatchObject([{ reason: 'follow-up', number: byKey }]);
    const plain = citizen();
    const call = { at: 0, ending: 'answered', outcome: { code: 'resolved', followUp: false } } as const;
    expect(await after(plain, call)).toEqual([]);
  });

  test('that the expert took back before anybody saw it is none', async () => {
    const caller = citizen();
    const id = await tell(pool, {
      ...{ at: 0, ending: 'answered', caller, outcome: { code: 'follow-up-needed', followUp: true } },
    });
    await sets(id, 'resolved', 1);
    await own.cases.openDue();
    expect(await casesOf(caller)).toEqual([]);
  });
});

describe('a follow-up that is said after the case was closed', () => {
  /** A talk that needed one, done with by people ten minutes later. */
  async function closedByPeople() {
    own.setTime(30);
    const caller = citizen();
    const outcome = { code: 'follow-up-needed', followUp: false };
    const callId = await tell(pool, { at: 0, ending: 'answered', caller, outcome });
    await own.cases.openDue();
    const id = (await caseIdOf(callId))!;
    own.setTime(40);
    await acts(id, { action: 'answer', note: 'انجام شد' });
    await acts(id, { action: 'close' });
    await own.cases.openDue();
    expect((await storyOf(id)).state).toBe('closed');
    return { callId, id, caller };
  }

  test('opens it again, once, whoever looks; its clocks run from there', async () => {
    const { callId, id, caller } = await closedByPeople();
    await sets(callId, 'resolved', 41);
    await own.cases.openDue();
    expect((await storyOf(id)).state).toBe('closed');
    await sets(callId, 'follow-up-needed', 50);
    own.setTime(51);
    await Promise.all([own.cases.openDue(), own.cases.openDue()]);
    await own.cases.openDue();
    const story = await storyOf(id);
    expect(story.state).toBe('reopen-requested');
    expect(kinds(story).filter((kind) => kind === 'case.reopen-requested')).toHaveLength(1);
    expect(story.history.at(-1)).toMatchObject({ actor: 'system', data: { reason: 'follow-up', callId } });
    expect(story.clocks.find(({ clock }) => clock === 'resolve')).toMatchObject({
      ...{ startedAt: new Date(minute(50)), stoppedAt: null },
    });
    expect(await casesOf(caller)).toHaveLength(1);
  });

  test('leaves it alone once people have closed it after that', async () => {
    const { callId, id } = await closedByPeople();
    await sets(callId, 'follow-up-needed', 50);
    own.setTime(60);
    await own.cases.openDue();
    await acts(id, { action: 'close', note: 'تماس گرفته شد' });
    await own.cases.openDue();
    expect((await storyOf(id)).state).toBe('closed');
  });

  test('is none where it was taken back again', async () => {
    const { callId, id } = await closedByPeople();
    await sets(callId, 'follow-up-needed', 50);
    await sets(callId, 'resolved', 51);
    await own.cases.openDue();
    expect((await storyOf(id)).state).toBe('closed');
    own.setTime(30);
  });
});

describe('an abandoned call', () => {
  test('in the queue or in the menu becomes a case; a redial within the hour joins it', async () => {
    const caller = citizen();
    const found = await after(
      caller,
      { at: 0, ending: 'abandoned', state: 'menu', specialty: null },
      { at: 30, ending: 'abandoned' },
      { at: 61, ending: 'abandoned' },
    );
    expect(found.map(({ reason }) => reason)).toEqual(['abandoned', 'abandoned']);
    const [first, second] = await Promise.all(found.map(({ id }) => storyOf(id)));
    expect(first!.calls).toHaveLength(2);
    expect(kinds(first!)).toEqual(['case.opened', 'case.call-joined']);
    expect(second!.calls).toHaveLength(1);
  });

  test('tells of itself in the list of calls', async () => {
    const caller = citizen();
    const ids = [
      await tell(pool, { at: 0, ending: 'abandoned', caller }),
      await tell(pool, { at: 5, ending: 'abandoned', caller }),
    ];
    await own.cases.openDue();
    const [only] = await casesOf(caller);
    for (const id of ids) expect(await caseIdOf(id)).toBe(only!.id);
  });

  test('before the menu, or with a withheld number, is none; the second is counted', async () => {
    const caller = citizen();
    expect(await after(caller, { at: 0, ending: 'abandoned', state: 'greeting', specialty: null })).toEqual(
      [],
    );
    const id = await tell(pool, { at: 0, ending: 'abandoned', caller: null });
    await own.cases.openDue();
    expect(await caseIdOf(id)).toBeNull();
    const { rows } = await pool.query('select reason from case_waivers where call_id = $1', [id]);
    expect(rows).toEqual([{ reason: 'withheld' }]);
  });

  test('of a citizen who reached an expert within the hour after is none', async () => {
    expect(await after(citizen(), { at: 40, ending: 'answered' }, { at: 0, ending: 'abandoned' })).toEqual(
      [],
    );
  });

  test.each([
    ['before it: they had more to ask', { at: -40, ending: 'answered' }],
    ['in another matter', { at: 40, ending: 'answered', specialty: 'finance' }],
  ] as const)('of a citizen who reached an expert %s, is one', async (_name, reached) => {
    const found = await after(citizen(), reached, { at: 0, ending: 'abandoned' });
    expect(found).toMatchObject([{ state: 'received', reason: 'abandoned' }]);
  });

  test('stays when its citizen reaches an expert in another matter', async () => {
    const caller = citizen();
    await after(caller, { at: 0, ending: 'abandoned' });
    const found = await after(caller, { at: 20, ending: 'answered', specialty: 'finance' });
    expect(found).toMatchObject([{ state: 'received' }]);
  });

  test('of a citizen who reached one later than that is one', async () => {
    const found = await after(citizen(), { at: 0, ending: 'abandoned' }, { at: 62, ending: 'answered' });
    expect(found).toMatchObject([{ state: 'received' }]);
  });

  test('is done with, and its case closed with the reason, when the citizen reaches an expert', async () => {
    const caller = citizen();
    const [before] = await after(caller, { at: 0, ending: 'abandoned' });
    expect(before!.state).toBe('received');
    const callId = await tell(pool, { at: 20, ending: 'answered', caller });
    await own.cases.openDue();
    const story = await storyOf(before!.id);
    expect(story.state).toBe('closed');
    expect(story.history.at(-1)).toMatchObject({
      ...{ kind: 'case.closed', actor: 'system', data: { reason: 'reached-expert', callId } },
    });
    expect(story.clocks.every(({ stoppedAt }) => stoppedAt !== null)).toBe(true);
  });

  test('leaves a case alone that people have opened again', async () => {
    const caller = citizen();
    const [found] = await after(caller, ...([{ at: 0, ending: 'abandoned' }] as const));
    await after(caller, { at: 20, ending: 'answered' });
    expect(await acts(found!.id, { action: 'reopen', note: 'سؤال دیگری بود' })).toMatchObject({
      state: 'reopened',
    });
    await own.cases.openDue();
    expect((await storyOf(found!.id)).state).toBe('reopened');
  });

  test('never closes a promise because an expert was reached', async () => {
    const caller = citizen();
    const found = await after(
      caller,
      { at: 0, ending: 'voicemail', message: true },
      { at: 20, ending: 'answered' },
    );
    expect(found).toMatchObject([{ reason: 'voicemail', state: 'received' }]);
  });

  test('and a message left within the hour are one case, by the stronger name', async () => {
    const [found, ...others] = await after(
      citizen(),
      { at: 0, ending: 'abandoned' },
      { at: 20, ending: 'voicemail', message: true },
    );
    expect(others).toEqual([]);
    expect(found).toMatchObject({ reason: 'voicemail', state: 'received' });
  });
});

describe('a message that was heard of late', () => {
  test('makes the abandoned call’s case one of a message', async () => {
    const caller = citizen();
    const callId = await tell(pool, { at: 0, ending: 'abandoned', caller });
    await own.cases.openDue();
    await tellMessage(pool, callId, 0);
    await own.cases.openDue();
    const [found, ...others] = await casesOf(caller);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ reason: 'voicemail' });
    const { rows } = await pool.query('select count(*)::int as n from case_calls where call_id = $1', [
      callId,
    ]);
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('opens it again where it was closed as done with', async () => {
    const caller = citizen();
    const callId = await tell(pool, { at: 0, ending: 'abandoned', caller });
    await own.cases.openDue();
    await after(caller, { at: 20, ending: 'answered' });
    expect(await casesOf(caller)).toMatchObject([{ state: 'closed' }]);
    await tellMessage(pool, callId, 0);
    await own.cases.openDue();
    expect(await casesOf(caller)).toMatchObject([{ state: 'reopen-requested', reason: 'voicemail' }]);
  });
});

describe('whoever looks', () => {
  test('does so twice without harm', async () => {
    await own.cases.openDue();
    const count = async () => (await own.cases.list({ after: null, limit: 1000 })).length;
    const before = await count();
    expect(await own.cases.openDue()).toEqual({ opened: 0, joined: 0, waived: 0, closed: 0 });
    expect(await count()).toBe(before);
  });

  test('at the last days only leaves older calls to whoever looks at all', async () => {
    const caller = citizen();
    const old = '01890000-0000-7000-8000-0000000000aa';
    await tell(pool, { at: 0, ending: 'abandoned', caller, id: old });
    await own.cases.openDue(new Date(Date.now() - 3_600_000));
    expect(await casesOf(caller)).toEqual([]);
    await own.cases.openDue();
    expect(await casesOf(caller)).toHaveLength(1);
  });

  test('finds more than one page of calls', async () => {
    const callers = Array.from({ length: 205 }, citizen);
    for (const caller of callers) await tell(pool, { at: 0, ending: 'failed', caller });
    expect(await own.cases.openDue()).toMatchObject({ opened: 205 });
  });

  test('at the same time as others makes one case of a citizen’s many calls', async () => {
    const callers = Array.from({ length: 12 }, citizen);
    for (const caller of callers)
      for (const at of [0, 10, 20]) await tell(pool, { at, ending: 'abandoned', caller });
    const pools = Array.from({ length: 3 }, () => createPool(url, log));
    const others = await Promise.all(pools.map((one) => casesOn(one)));
    const done = await Promise.all(others.map(({ cases }) => cases.openDue()));
    for (const { hours } of others) await hours.close();
    for (const one of pools) await one.end();
    expect(done.reduce((sum, { opened }) => sum + opened, 0)).toBe(callers.length);
    for (const caller of callers) {
      const found = await casesOf(caller);
      expect(found).toHaveLength(1);
      expect((await storyOf(found[0]!.id)).calls).toHaveLength(3);
    }
  });

  test('hears of a call as soon as it ends', async () => {
    const follower = followCalls({ pool, log, clock: systemClock, cases: own.cases });
    await follower.started;
    const caller = citizen();
    await tell(pool, { at: 0, ending: 'abandoned', caller });
    await waitFor(async () => (await casesOf(caller)).length === 1);
    await tell(pool, { at: 5, ending: 'answered', caller });
    await waitFor(async () => (await casesOf(caller))[0]?.state === 'closed');
    await follower.close();
  });
});
