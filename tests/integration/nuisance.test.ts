import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { nuisanceRoutes } from '../../src/nuisance/routes.ts';
import { createNuisance, type Nuisance } from '../../src/nuisance/service.ts';
import type { Role } from '../../src/staff/rules.ts';
import { casesOn, minute, type TestCases } from '../support/cases.ts';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import { entriesOfCall } from '../support/cases.ts';
import { addExpert, problemIn } from '../support/web.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/** Numbers that ring no expert: who lists them, who is told, and when it counts. */

let web: RoomsWeb;
let nuisance: Nuisance;
let own: TestCases;
let now = Date.now();
let citizens = 0;
const clock = { ...systemClock, now: () => now };

beforeAll(async () => {
  web = await startRoomsWeb(async ({ pool }) => {
    nuisance = await createNuisance({ pool, clock, log: silentLog });
    own = await casesOn(pool);
    return [nuisanceRoutes({ pool, clock, areaCode: '21' })];
  });
});
afterAll(async () => {
  await nuisance.close();
  await own.hours.close();
  await web.close();
});

const citizen = () => `0916${String(++citizens).padStart(7, '0')}`;
const e164 = (number: string) => `+98${number.slice(1)}`;
const path = '/nuisance-numbers';

interface Listed {
  id: string;
  number: string;
  reason: string;
  until: string | null;
  endedAt: string | null;
  endedBy: string | null;
}

const post = (body: object, role: Role = 'supervisor') => web.as(role, { method: 'POST', path, body });
async function list(number: string, more: object = {}): Promise<Listed> {
  const response = await post({ number, reason: 'مزاحمت مکرر', ...more });
  if (response.statusCode !== 201) throw new Error(response.body);
  return response.json<Listed>();
}
const end = (id: string, role: Role = 'supervisor') =>
  web.as(role, { method: 'DELETE', path: `${path}/${id}` });
const shown = async (filters = '', role: Role = 'supervisor') =>
  (await web.as(role, { method: 'GET', path: `${path}?limit=200${filters}` })).json<{ items: Listed[] }>()
    .items;

describe('a listed number', () => {
  it('counts on every process within a second, and no longer once it is taken off', async () => {
    const number = citizen();
    expect(nuisance.isListed(e164(number))).toBe(false);
    const { id } = await list(number);
    await waitFor(() => nuisance.isListed(e164(number)), 1000);
    expect(nuisance.isListed(e164(citizen()))).toBe(false);
    expect((await end(id)).statusCode).toBe(204);
    await waitFor(() => !nuisance.isListed(e164(number)), 1000);
    expect(problemIn(await end(id))).toMatchObject({ status: 404, code: 'nuisance-number-not-found' });
    expect(await shown('&all=true')).toContainEqual(
      expect.objectContaining({ id, endedBy: expect.stringMatching(/^account:/) as string }),
    );
  });

  it('counts until its time is over, without anybody doing anything', async () => {
    const number = citizen();
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await list(number, { until });
    await waitFor(() => nuisance.isListed(e164(number)), 1000);
    now += 2 * 3_600_000;
    try {
      expect(nuisance.isListed(e164(number))).toBe(false);
      expect((await shown()).map((one) => one.id)).not.toContain(id);
      expect((await shown('&all=true')).map((one) => one.id)).toContain(id);
    } finally {
      now -= 2 * 3_600_000;
    }
  });

  it('is read as people write it, and listed once', async () => {
    const number = citizen();
    expect(await list(`${number.slice(0, 4)} ${number.slice(4)}`)).toMatchObject({ number: e164(number) });
    expect(problemIn(await post({ number: e164(number), reason: 'x' }))).toMatchObject({
      ...{ status: 409, code: 'number-listed' },
    });
    const other = citizen();
    const both = await Promise.all([
      post({ number: other, reason: 'x' }),
      post({ number: other, reason: 'y' }),
    ]);
    expect(both.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 409]);
  });

  it('may be listed again after it was taken off, each time a row', async () => {
    const number = citizen();
    await end((await list(number)).id);
    await list(number);
    const found = (await shown('&all=true')).filter((one) => one.number === e164(number));
    expect(found.map(({ endedAt }) => endedAt === null)).toEqual([true, false]);
    await waitFor(() => nuisance.isListed(e164(number)), 1000);
  });

  it.each<[object, string]>([
    [{ number: '12', reason: 'x' }, 'validation-failed'],
    [{ number: 'abcdef', reason: 'x' }, 'number-invalid'],
    [{ number: '09161234567' }, 'validation-failed'],
    [{ number: '09161234567', reason: 'x', until: '2020-01-01T00:00:00Z' }, 'until-past'],
    [{ number: '09161234567', reason: 'x', forever: true }, 'validation-failed'],
  ])('%j is refused as %s', async (body, code) => {
    expect(problemIn(await post(body))).toMatchObject({ status: 400, code });
  });

  it('is a matter of supervisors; auditors see it masked; the audit knows who and when, and no number', async () => {
    const number = citizen();
    const { id } = await list(number);
    await end(id);
    const expertId = await addExpert(web.pool, 'ali');
    for (const role of ['reviewer', 'editor', 'auditor'] as const)
      expect(problemIn(await post({ number, reason: 'x' }, role)).code).toBe('role-insufficient');
    for (const role of ['reviewer', 'editor'] as const)
      expect(problemIn(await web.as(role, { method: 'GET', path })).code).toBe('role-insufficient');
    const asExpert = await web.as('expert', { method: 'GET', path }, expertId);
    expect(problemIn(asExpert).status).toBe(403);
    for (const one of await shown('&all=true', 'auditor')) expect(one.number).toMatch(/^\+98\*{8}\d\d$/);
    const { rows } = await web.pool.query<{ action: string; actor: string; detail: object }>(
      'select action, actor, detail from audit where subject = $1 order by id',
      [`nuisance:${id}`],
    );
    expect(rows.map(({ action }) => action)).toEqual(['nuisance.listed', 'nuisance.ended']);
    // It is kept when number and reason are erased.
    expect(rows.map(({ detail }) => detail)).toEqual([{ until: null }, {}]);
  });

  it('is shown page by page, each once', async () => {
    for (let n = 0; n < 3; n++) await list(citizen());
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const more: string = next === null ? '' : `&cursor=${next}`;
      const response = await web.as('supervisor', { method: 'GET', path: `${path}?limit=2${more}` });
      const found = response.json<{ items: Listed[]; next: string | null }>();
      seen.push(...found.items.map(({ id }) => id));
      next = found.next;
    } while (next !== null);
    expect(seen).toEqual((await shown()).map(({ id }) => id));
  });
});

describe('the call of a listed number', () => {
  async function told(message: boolean): Promise<string> {
    const caller = e164(citizen());
    const entries = entriesOfCall({ at: 0, ending: message ? 'voicemail' : 'abandoned', caller, message });
    const [first] = entries;
    const listed = { kind: 'caller.listed', data: { specialty: 'transport' } } as const;
    const extra = { ...listed, callId: first!.callId, seq: 50, at: minute(0), actor: 'system' };
    await createLedgerWriter(web.pool, silentLog).write([...entries, extra]);
    own.setTime(30);
    await own.cases.openDue();
    return first!.callId;
  }
  const one = async (sql: string, id: string) => (await web.pool.query<object>(sql, [id])).rows;

  it('is owed nothing where no message was left, which is written down', async () => {
    const id = await told(false);
    expect(await one('select reason from case_waivers where call_id = $1', id)).toEqual([
      { reason: 'listed' },
    ]);
    expect(await one('select case_id from case_calls where call_id = $1', id)).toEqual([]);
  });

  it('is a case where one was: who is listed wrongly must be heard', async () => {
    const id = await told(true);
    expect(await one('select case_id from case_calls where call_id = $1', id)).toHaveLength(1);
  });
});
