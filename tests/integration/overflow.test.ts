import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRuleBook } from '../../src/routing/rule-book.ts';
import { ROLES } from '../../src/staff/rules.ts';
import { silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';
import { problemIn, startWeb, type TestWeb } from '../support/web.ts';

/** Whose experts help out which queue: as supervisors set it, and as the process with the calls learns of it. */

let web: TestWeb;
let token: string;
beforeAll(async () => {
  web = await startWeb();
  token = (await web.signIn('supervisor')).token;
});
beforeEach(() => web.pool.query('truncate overflow_rules'));
afterAll(() => web.close());

const url = '/api/v1/overflow';
const get = (specialty: string) => web.as(token, { url: `${url}/${specialty}` });
async function put(specialty: string, helpers: unknown, tag?: string, as = token) {
  const headers = { 'if-match': tag ?? String((await get('finance')).headers.etag) };
  return await web.as(as, { method: 'PUT', url: `${url}/${specialty}`, payload: { helpers }, headers });
}
const help = (specialty: string, afterSeconds: number) => ({ specialty, afterSeconds });

describe('overflow', () => {
  it('is none at first, and stands in the order of the menu', async () => {
    const { items, next } = (await web.as(token, { url })).json<{ items: unknown[]; next: null }>();
    expect(next).toBeNull();
    expect(items).toEqual(
      ['urban-planning', 'transport', 'urban-services', 'finance'].map((specialty) => ({
        specialty,
        helpers: [],
      })),
    );
  });

  it('is replaced as a whole, the soonest first; what was stays as history, with its actor, and in the audit', async () => {
    const first = await put('finance', [help('transport', 90), help('urban-planning', 30)]);
    expect(first.json()).toEqual({
      specialty: 'finance',
      helpers: [help('urban-planning', 30), help('transport', 90)],
    });
    const second = await put('finance', [help('transport', 60)], String(first.headers.etag));
    expect((await get('finance')).json()).toEqual(second.json());
    const { rows } = await web.pool.query<{ helper: string; ended: boolean; actor: string }>(
      'select helper, valid_to is not null as ended, actor from overflow_rules order by valid_from, helper',
    );
    expect(rows.map(({ helper, ended }) => [helper, ended])).toEqual([
      ['transport', true],
      ['urban-planning', true],
      ['transport', false],
    ]);
    expect(rows[0]!.actor).toMatch(/^account:/);
    const audit = await web.pool.query(
      "select detail from audit where action = 'overflow.changed' order by at desc limit 1",
    );
    expect(audit.rows).toEqual([{ detail: { helpers: [help('transport', 60)] } }]);
  });

  it('refuses what makes no sense, and what was read before another change', async () => {
    expect(problemIn(await put('finance', [help('finance', 30)])).code).toBe('helper-repeated');
    expect(problemIn(await put('finance', [help('transport', 30), help('transport', 60)])).code).toBe(
      'helper-repeated',
    );
    expect(problemIn(await put('finance', [help('astrology', 30)])).code).toBe('specialty-unknown');
    expect(problemIn(await put('finance', [help('transport', 3601)])).status).toBe(400);
    expect(problemIn(await put('astrology', [])).status).toBe(404);
    expect(problemIn(await put('finance', [], '"v0"')).code).toBe('version-stale');
    const bare = { method: 'PUT' as const, url: `${url}/finance`, payload: { helpers: [] } };
    expect(problemIn(await web.as(token, bare)).status).toBe(428);
  });

  it('is read by those who run and those who answer, and changed by supervisors', async () => {
    const seen: [string, number, number][] = [];
    for (const role of ROLES) {
      const signedIn = await web.signIn(role);
      const reads = (await web.as(signedIn.token, { url })).statusCode;
      seen.push([role, reads, (await put('finance', [], undefined, signedIn.token)).statusCode]);
    }
    expect(Object.fromEntries(seen.map(([role, ...codes]) => [role, codes]))).toEqual({
      ...{ admin: [200, 200], supervisor: [200, 200], auditor: [200, 403], expert: [200, 403] },
      ...{ reviewer: [403, 403], editor: [403, 403] },
    });
  });

  it('reaches the process with the calls within a moment, which looks at its queues anew', async () => {
    let told = 0;
    const book = createRuleBook({
      ...{ pool: web.pool, log: silentLog, levelStepSeconds: 30, equityBoundSeconds: 120 },
      onChange: () => (told += 1),
    });
    try {
      expect(book.rules()).toEqual({ levelStepMs: 30_000, equityBoundMs: 120_000, overflow: {} });
      await waitFor(() => told === 1);
      await put('finance', [help('transport', 60)]);
      await waitFor(() => told === 2);
      expect(book.rules().overflow['finance']).toEqual([{ helper: 'transport', afterMs: 60_000 }]);
    } finally {
      await book.close();
    }
  });
});
