import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCall } from '../../src/calls/store.ts';
import { createCallbackDesk } from '../../src/callbacks/desk.ts';
import { callbackRoutes } from '../../src/callbacks/routes.ts';
import type { Role } from '../../src/staff/rules.ts';
import { casesOn, minute, tell, type TestCases, type ToldCall } from '../support/cases.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { addExpert, problemIn } from '../support/web.ts';

/** Staff say when a citizen is called back: who may, for which cases, and what is refused. */

let web: RoomsWeb;
let own: TestCases;
let experts: [string, string];
let citizens = 0;
const citizen = () => `+98917${String(++citizens).padStart(7, '0')}`;

beforeAll(async () => {
  web = await startRoomsWeb(async ({ pool }) => {
    own = await casesOn(pool);
    const desk = createCallbackDesk({
      ...{ pool, clock: own.clock, hours: own.hours, cases: own.cases },
      ...{ trunk: 'city', destinations: '+98', defaultSpecialty: 'transport' },
    });
    return [callbackRoutes({ desk, cases: own.cases, clock: own.clock })];
  });
  own.setTime(30);
  experts = [await addExpert(web.pool, 'مریم'), await addExpert(web.pool, 'زهرا')];
});
afterAll(async () => {
  await own.hours.close();
  await web.close();
});

async function promised(told: Partial<ToldCall> = {}): Promise<string> {
  const id = await tell(web.pool, { at: 0, ending: 'failed', caller: citizen(), ...told });
  await own.cases.openDue();
  return (await findCall(web.pool, id))!.caseId!;
}

async function give(caseId: string, expertId: string): Promise<void> {
  await web.pool.query(
    `update cases set state = 'assigned', owner = (select id from accounts where expert_id = $2) where id = $1`,
    [caseId, expertId],
  );
}

async function ask(method: 'PUT' | 'DELETE', caseId: string, role: Role, body?: object, expertId?: string) {
  const found = await own.cases.find(caseId);
  return web.as(
    role,
    {
      ...{ method, path: `/cases/${caseId}/callback`, headers: { 'if-match': `"v${found?.version ?? 1}"` } },
      ...(body === undefined ? {} : { body }),
    },
    expertId,
  );
}

describe('who may', () => {
  it('supervisors and reviewers for every case, experts for their own alone', async () => {
    const [mine, other] = [await promised(), await promised()];
    // Accounts are made with the first request.
    expect(problemIn(await ask('PUT', mine, 'expert', {}, experts[0]))).toMatchObject({
      ...{ status: 403, code: 'not-yours' },
    });
    await give(mine, experts[0]);
    const at = minute(24 * 60);
    const put = await ask('PUT', mine, 'expert', { at }, experts[0]);
    expect(put.json()).toMatchObject({ id: mine, callback: { state: 'pending', dueAt: at } });
    expect(problemIn(await ask('DELETE', other, 'expert', undefined, experts[0])).code).toBe('not-yours');
    expect(problemIn(await ask('PUT', mine, 'expert', {}, experts[1])).code).toBe('not-yours');
    expect((await own.cases.find(mine))!.callback!.dueAt.toISOString()).toBe(at);
    expect((await ask('DELETE', mine, 'expert', undefined, experts[0])).json()).toMatchObject({
      callback: { state: 'cancelled', result: 'taken-back' },
    });
    for (const role of ['supervisor', 'reviewer'] as const)
      expect((await ask('PUT', other, role, {})).statusCode).toBe(200);
    expect(problemIn(await ask('PUT', other, 'auditor', {})).status).toBe(403);
  });
});

describe('an expert', () => {
  it('is told the same of a case of somebody else, of none, and of whatever is wrong besides', async () => {
    const other = await promised();
    const unknown = '018f2f00-0000-7000-8000-000000000000';
    for (const method of ['PUT', 'DELETE'] as const)
      for (const id of [other, unknown]) {
        expect(problemIn(await ask(method, id, 'expert', undefined, experts[0])).code).toBe('not-yours');
        const bare = { method, path: `/cases/${id}/callback`, body: { at: 'tomorrow' } } as const;
        expect(problemIn(await web.as('expert', bare, experts[0]))).toMatchObject({
          ...{ status: 403, code: 'not-yours' },
        });
      }
  });
});

describe('what is refused', () => {
  it('a case that is over, one without a number, one abroad, one of a listed number, one of which nobody is to be called', async () => {
    const over = await promised();
    await web.pool.query(`update cases set state = 'closed' where id = $1`, [over]);
    expect(problemIn(await ask('PUT', over, 'supervisor', {})).code).toBe('case-not-so');
    // Who has an answer would not be called: the case is to be reopened first.
    const answered = await promised();
    await web.pool.query(`update cases set state = 'answered' where id = $1`, [answered]);
    expect(problemIn(await ask('PUT', answered, 'supervisor', {})).code).toBe('case-not-so');
    const nobody = await promised({ caller: null, ending: 'voicemail', message: true });
    expect(problemIn(await ask('PUT', nobody, 'supervisor', {})).code).toBe('callback-number-missing');
    const abroad = await promised({ caller: '+4930123456' });
    expect(problemIn(await ask('PUT', abroad, 'supervisor', {})).code).toBe('callback-destination-refused');
    const listed = await promised();
    await web.pool.query(
      `insert into nuisance_numbers (number, reason, actor) select number, 'x', 'account:1' from cases where id = $1`,
      [listed],
    );
    expect(problemIn(await ask('PUT', listed, 'supervisor', {})).code).toBe('callback-number-listed');
    const plain = await promised();
    expect(problemIn(await ask('DELETE', plain, 'supervisor')).code).toBe('callback-none');
    const unknown = '018f2f00-0000-7000-8000-000000000000';
    expect(problemIn(await ask('PUT', unknown, 'supervisor', {})).code).toBe('case-not-found');
  });

  it('what was read before somebody else changed it, and what is no time', async () => {
    const id = await promised();
    const path = `/cases/${id}/callback`;
    const stale = { method: 'PUT', path, body: {}, headers: { 'if-match': '"v99"' } } as const;
    expect(problemIn(await web.as('supervisor', stale)).status).toBe(412);
    // Both have read the same version; one of them comes second.
    const etag = `"v${(await own.cases.find(id))!.version}"`;
    const read = { method: 'PUT', path, body: {}, headers: { 'if-match': etag } } as const;
    const both = await Promise.all([web.as('supervisor', read), web.as('reviewer', read)]);
    expect(both.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 412]);
    const bare = { method: 'PUT', path, body: {} } as const;
    expect(problemIn(await web.as('supervisor', bare)).status).toBe(428);
    expect(problemIn(await ask('PUT', id, 'supervisor', { at: 'tomorrow' })).status).toBe(400);
  });
});
