import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCall } from '../../src/calls/store.ts';
import { caseRoutes } from '../../src/cases/routes.ts';
import { textRoutes } from '../../src/sms/routes.ts';
import { casesOn, minute, tell, type TestCases, type ToldCall } from '../support/cases.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { problemIn } from '../support/web.ts';

/** What citizens are told by text of their case: under which number we know of it, and what became of it. */

let web: RoomsWeb;
let own: TestCases;
let citizens = 0;
const citizen = () => `+98915${String(++citizens).padStart(7, '0')}`;

beforeAll(async () => {
  web = await startRoomsWeb(async ({ pool }) => {
    own = await casesOn(pool);
    return [
      caseRoutes({ cases: own.cases, pool, clock: own.clock, zone: 'Asia/Tehran' }),
      textRoutes({ pool }),
    ];
  });
  own.setTime(30);
});
afterAll(async () => {
  await own.hours.close();
  await web.close();
});

interface Text {
  template: string;
  number: string;
  state: string;
  body: string | null;
  createdAt: string;
}

/** Tells the calls, opens cases, and gives the id of the last one's. */
async function after(...calls: Partial<ToldCall>[]): Promise<string> {
  let id = '';
  for (const call of calls) {
    id = await tell(web.pool, { at: 0, ending: 'voicemail', message: call.ending === undefined, ...call });
    await own.cases.openDue();
  }
  const caseId = (await findCall(web.pool, id))?.caseId ?? null;
  if (caseId === null) throw new Error('no case');
  return caseId;
}

async function textsOf(id: string, role: 'supervisor' | 'reviewer' = 'supervisor'): Promise<Text[]> {
  const response = await web.as(role, { method: 'GET', path: `/cases/${id}` });
  return response.json<{ texts: Text[] }>().texts;
}
const templates = async (id: string) => (await textsOf(id)).map(({ template }) => template);

async function act(id: string, body: object): Promise<void> {
  const found = await own.cases.find(id);
  const headers = { 'if-match': `"v${found!.version}"` };
  const response = await web.as('supervisor', {
    method: 'POST',
    path: `/cases/${id}/actions`,
    body,
    headers,
  });
  if (response.statusCode !== 200) throw new Error(response.body);
}

describe('the reference', () => {
  it.each<[string, Partial<ToldCall>]>([
    ['a message left', {}],
    ['a call back asked for', { ending: 'callback', keyed: '09151112233' }],
    ['a fault of ours', { ending: 'failed' }],
    ['a follow-up', { ending: 'answered', outcome: { code: 'follow-up-needed', followUp: true } }],
  ])('is texted after %s, to the number that will be called', async (_name, told) => {
    const caller = citizen();
    const id = await after({ caller, ...told });
    const number = told.keyed === undefined ? caller : '+989151112233';
    expect(await textsOf(id)).toMatchObject([
      { template: 'case-opened', number, state: 'queued', body: null, createdAt: minute(30) },
    ]);
    const { rows } = await web.pool.query<{ parameters: object }>(
      'select parameters from text_messages where case_id = $1',
      [id],
    );
    expect(rows).toEqual([{ parameters: { reference: (await own.cases.find(id))!.reference } }]);
    for (const text of await textsOf(id, 'reviewer')) expect(text.number).toMatch(/^\+98\*{8}\d\d$/);
  });

  it('is not texted to who gave up, to a telephone on a desk, or without a number', async () => {
    expect(await templates(await after({ caller: citizen(), ending: 'abandoned' }))).toEqual([]);
    expect(await templates(await after({ caller: '+982188001122' }))).toEqual([]);
    expect(await templates(await after({ caller: null }))).toEqual([]);
  });

  it('is texted when who gave up leaves a message after all', async () => {
    const caller = citizen();
    const id = await after({ caller, ending: 'abandoned' }, { caller, at: 10 });
    expect(await templates(id)).toEqual(['case-opened']);
  });

  it.each<[string, Partial<ToldCall>, string | null]>([
    ['a message left', {}, minute(0)],
    ['a call back asked for', { ending: 'callback' }, minute(0)],
    // Said by an expert, maybe in the evening of a call of the morning.
    ['a follow-up', { ending: 'answered', outcome: { code: 'follow-up-needed', followUp: true } }, null],
  ])('after %s answers the call that has just ended, or none', async (_name, told, answersAt) => {
    const id = await after({ caller: citizen(), ...told });
    const { rows } = await web.pool.query<{ answers_at: Date | null }>(
      'select answers_at from text_messages where case_id = $1',
      [id],
    );
    expect(rows.map((row) => row.answers_at?.toISOString() ?? null)).toEqual([answersAt]);
  });

  it('is not texted for a call found a day late', async () => {
    own.setTime(24 * 60 + 1);
    try {
      expect(await templates(await after({ caller: citizen() }))).toEqual([]);
    } finally {
      own.setTime(30);
    }
  });
});

describe('an answer', () => {
  it('is texted, and the end only where no answer has just been', async () => {
    const id = await after({ caller: citizen() });
    await act(id, { action: 'answer', note: 'پاسخ' });
    await act(id, { action: 'close' });
    expect(await templates(id)).toEqual(['case-opened', 'case-answered']);
    const other = await after({ caller: citizen() });
    await act(other, { action: 'answer', note: 'پاسخ' });
    own.setTime(95);
    try {
      await act(other, { action: 'close' });
    } finally {
      own.setTime(30);
    }
    expect(await templates(other)).toEqual(['case-opened', 'case-answered', 'case-closed']);
  });

  it('that is taken for none, notes and spam are not', async () => {
    const id = await after({ caller: citizen() });
    await act(id, { action: 'note', note: 'یادداشت' });
    await act(id, { action: 'spam' });
    expect(await templates(id)).toEqual(['case-opened']);
  });

  it('or an end is not texted to who gave up and was never told of a case', async () => {
    const id = await after({ caller: citizen(), ending: 'abandoned' });
    await act(id, { action: 'ask-citizen', note: 'نشانی؟' });
    await act(id, { action: 'close', note: 'خودش حل شد' });
    const other = await after({ caller: citizen(), ending: 'abandoned' });
    await act(other, { action: 'answer', note: 'پاسخ' });
    await act(other, { action: 'close' });
    expect([...(await templates(id)), ...(await templates(other))]).toEqual([]);
    const caller = citizen();
    const asked = await after({ caller, ending: 'abandoned' }, { caller, at: 10 });
    await act(asked, { action: 'ask-citizen', note: 'نشانی؟' });
    await act(asked, { action: 'close', note: 'خودش حل شد' });
    expect(await templates(asked)).toEqual(['case-opened', 'case-closed']);
  });

  it('to a message from before this program is not texted', async () => {
    const number = citizen();
    const csv = `number,received_at,specialty,recording,note\n${number},2026-11-01T10:00,transport,,کهنه\n`;
    await own.cases.importMessages(csv, { skipBad: false, actor: 'system' });
    const [found] = await own.cases.list({ after: null, limit: 1, reason: 'imported' });
    await act(found!.id, { action: 'answer', note: 'پاسخ' });
    expect(await templates(found!.id)).toEqual([]);
  });
});

describe('the report of texts', () => {
  it('counts them, for spreadsheets too, and is no matter of experts', async () => {
    const report = await web.as('auditor', { method: 'GET', path: '/reports/texts' });
    const { items } = report.json<{ items: { template: string; state: string; texts: number }[] }>();
    const { rows } = await web.pool.query<{ count: string }>('select count(*) from text_messages');
    expect(items.reduce((sum, { texts }) => sum + texts, 0)).toBe(Number(rows[0]!.count));
    expect(items).toContainEqual({ template: 'case-closed', state: 'queued', texts: 2 });
    const later = await web.as('auditor', { method: 'GET', path: `/reports/texts?from=${minute(96)}` });
    expect(later.json()).toEqual({ items: [], next: null });
    const csv = await web.as('supervisor', { method: 'GET', path: '/reports/texts?format=csv' });
    expect(csv.body).toContain('case-closed,queued,2\r\n');
    const editor = await web.as('editor', { method: 'GET', path: '/reports/texts' });
    expect(problemIn(editor)).toMatchObject({ status: 403 });
  });
});
