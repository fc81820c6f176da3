import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { caseRoutes } from '../../src/cases/routes.ts';
import type { Role } from '../../src/staff/rules.ts';
import { casesOn, minute, tell, type TestCases, type ToldCall } from '../support/cases.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { addExpert, problemIn } from '../support/web.ts';

/** Cases over HTTP: who sees what, who may do what, and what comes of it. */

let web: RoomsWeb;
let own: TestCases;
const experts: Record<'ali' | 'zahra', string> = { ali: '', zahra: '' };
const accounts: Record<string, string> = {};
let citizens = 0;

interface Told {
  id: string;
  reference: string;
  number: string | null;
  state: string;
  owner: { id: string; name: string } | null;
  followUpOn: string | null;
  overdue: boolean;
  version: number;
  clocks: { clock: string; dueAt: string | null; stoppedAt: string | null; overdue: boolean }[];
  history: { kind: string; actor: string; data: Record<string, unknown>; citizenAt: string | null }[];
  calls: { id: string }[];
}

beforeAll(async () => {
  web = await startRoomsWeb(async ({ pool }) => {
    own = await casesOn(pool);
    return [caseRoutes({ cases: own.cases, pool, clock: own.clock, zone: 'Asia/Tehran' })];
  });
  own.setTime(30);
  for (const name of ['ali', 'zahra'] as const) experts[name] = await addExpert(web.pool, name);
  // Accounts are made by their first request.
  for (const role of ['supervisor', 'reviewer', 'auditor', 'editor'] as const)
    await web.as(role, { method: 'GET', path: '/cases' });
  for (const name of ['ali', 'zahra'] as const) await get(name, '/cases');
  const { rows } = await web.pool.query<{ id: string; username: string }>(
    'select id, username from accounts',
  );
  for (const { id, username } of rows) accounts[username.replace(/-$/, '')] = id;
  for (const name of ['ali', 'zahra'] as const) accounts[name] = accounts[`expert-${experts[name]}`]!;
});
afterAll(async () => {
  await own.hours.close();
  await web.close();
});

type Person = Exclude<Role, 'expert'> | 'ali' | 'zahra';
const roleOf = (who: Person): [Role, string?] =>
  who === 'ali' || who === 'zahra' ? ['expert', experts[who]] : [who];

function send(who: Person, request: Parameters<RoomsWeb['as']>[1]) {
  const [role, expertId] = roleOf(who);
  return web.as(role, request, expertId);
}
const get = (who: Person, path: string) => send(who, { method: 'GET', path });
const read = async (who: Person, id: string) => (await get(who, `/cases/${id}`)).json<Told>();
const ids = async (who: Person, filters = '') =>
  (await get(who, `/cases?limit=200${filters}`)).json<{ items: Told[] }>().items.map(({ id }) => id);

/** At the version that is there, unless another is given. */
async function act(who: Person, id: string, body: object, tag?: string) {
  const found = await own.cases.find(id);
  const headers = { 'if-match': tag ?? `"v${found?.version ?? 1}"` };
  return send(who, { method: 'POST', path: `/cases/${id}/actions`, body, headers });
}
const done = async (who: Person, id: string, body: object): Promise<Told> => {
  const response = await act(who, id, body);
  if (response.statusCode !== 200) throw new Error(response.body);
  return response.json<Told>();
};

async function open(told: Partial<ToldCall> = {}): Promise<string> {
  const caller = `+98913${String(++citizens).padStart(7, '0')}`;
  const callId = await tell(web.pool, { at: 0, ending: 'failed', caller, ...told });
  await own.cases.openDue();
  const { rows } = await web.pool.query<{ case_id: string }>(
    'select case_id from case_calls where call_id = $1',
    [callId],
  );
  return rows[0]!.case_id;
}
const given = async (to: 'ali' | 'zahra', told: Partial<ToldCall> = {}): Promise<string> => {
  const id = await open(told);
  await done('supervisor', id, { action: 'assign', owner: accounts[to] });
  return id;
};

describe('a case', () => {
  it('is shown with its deadlines, history and calls, and its version', async () => {
    const id = await open();
    const response = await get('supervisor', `/cases/${id}`);
    expect(response.headers.etag).toBe('"v1"');
    const found = response.json<Told>();
    expect(found).toMatchObject({
      ...{ id, state: 'received', owner: null, overdue: false, escalatedAt: null, followUpOn: null },
      clocks: [{ clock: 'acknowledge', dueAt: minute(60), stoppedAt: null, overdue: false }, {}, {}],
      history: [{ kind: 'case.opened', actor: 'system' }],
    });
    expect(found.calls).toHaveLength(1);
    expect(found.number).toMatch(/^\+98913\d{7}$/);
  });

  it.each(['reviewer', 'auditor', 'ali'] as const)('shows %s the number masked, everywhere', async (who) => {
    const id = await given('ali', { keyed: '0912777' });
    const whole = (await read('supervisor', id)).number!;
    for (const path of [`/cases/${id}`, '/cases?limit=200']) {
      const { body, statusCode } = await get(who, path);
      expect(statusCode).toBe(200);
      expect(body).not.toContain(whole.slice(1));
      expect(body).not.toContain('0912777');
    }
  });

  it('is not found where there is none', async () => {
    expect(problemIn(await get('supervisor', `/cases/${uuidv7()}`))).toMatchObject({
      ...{ status: 404, code: 'case-not-found' },
    });
    expect(problemIn(await act('supervisor', uuidv7(), { action: 'triage' })).code).toBe('case-not-found');
    expect(problemIn(await get('supervisor', '/cases/1')).status).toBe(400);
  });

  it('is no matter of editors', async () => {
    for (const path of ['/cases', `/cases/${uuidv7()}`, '/reports/unanswered'])
      expect(problemIn(await get('editor', path))).toMatchObject({ status: 403, code: 'role-insufficient' });
  });
});

describe('an expert', () => {
  it('sees the own cases and no others', async () => {
    const [mine, theirs] = [await given('ali'), await given('zahra')];
    expect(await ids('ali')).toContain(mine);
    expect(await ids('ali')).not.toContain(theirs);
    expect(await ids('ali', `&owner=${accounts['ali']!}`)).toContain(mine);
    expect(problemIn(await get('ali', `/cases?owner=${accounts['zahra']!}`)).code).toBe('not-yours');
    expect((await get('ali', `/cases/${mine}`)).statusCode).toBe(200);
  });

  it('learns nothing of another’s case, not even whether it is there', async () => {
    const theirs = await given('zahra');
    const answers = [
      await get('ali', `/cases/${theirs}`),
      await get('ali', `/cases/${uuidv7()}`),
      await act('ali', theirs, { action: 'answer', note: 'پاسخ' }),
      await act('ali', uuidv7(), { nonsense: true }),
    ].map(problemIn);
    for (const document of answers)
      expect({ ...document, instance: '' }).toEqual({ ...answers[0], instance: '' });
    expect(answers[0]).toMatchObject({ status: 403, code: 'not-yours' });
  });

  it('may answer the own one and not give it away', async () => {
    const id = await given('ali');
    expect(await done('ali', id, { action: 'answer', note: 'پاسخ داده شد' })).toMatchObject({
      state: 'answered',
    });
    expect(await done('ali', id, { action: 'close' })).toMatchObject({ state: 'closed' });
    for (const action of ['assign', 'triage', 'spam'])
      expect(problemIn(await act('ali', id, { action, rubbish: 1 }))).toMatchObject({
        ...{ status: 403, code: 'role-insufficient' },
      });
  });

  it('has no hand in a case that was given to somebody else', async () => {
    const id = await given('ali');
    await done('supervisor', id, { action: 'assign', owner: accounts['zahra'] });
    expect(problemIn(await act('ali', id, { action: 'note', note: 'x' })).code).toBe('not-yours');
  });
});

describe('an action', () => {
  it('goes the whole way, each step in the history with its actor', async () => {
    const id = await open();
    await done('reviewer', id, { action: 'triage', specialty: 'finance' });
    await done('reviewer', id, { action: 'assign', owner: accounts['ali'] });
    await done('ali', id, { action: 'note', note: 'یک بار زنگ زدم' });
    await done('ali', id, { action: 'set-follow-up', on: '2026-12-08' });
    await done('ali', id, { action: 'ask-citizen', note: 'شمارهٔ پرونده؟' });
    await done('ali', id, { action: 'citizen-replied', citizenAt: minute(25) });
    await done('ali', id, { action: 'refer', unit: 'منطقهٔ ۵' });
    await done('ali', id, { action: 'answer', note: 'پاسخ' });
    await done('ali', id, { action: 'citizen-thanked' });
    await done('ali', id, { action: 'close' });
    await done('ali', id, { action: 'request-reopen', note: 'حل نشد', citizenAt: minute(29) });
    const found = await done('ali', id, { action: 'reopen', note: 'درست می‌گوید' });
    expect(found).toMatchObject({
      ...{ state: 'reopened', owner: { id: accounts['ali'] }, followUpOn: '2026-12-08', version: 13 },
      specialty: 'finance',
    });
    expect(found.history.map(({ kind, actor }) => `${kind} ${actor}`)).toEqual(
      [
        'opened system',
        ...['triaged', 'assigned'].map((kind) => `${kind} account:${accounts['reviewer']!}`),
        ...[
          ...['noted', 'follow-up-set', 'citizen-asked', 'citizen-replied', 'referred', 'answered'],
          ...['citizen-thanked', 'closed', 'reopen-requested', 'reopened'],
        ].map((kind) => `${kind} account:${accounts['ali']!}`),
      ].map((line) => `case.${line}`),
    );
    expect(found.history.at(-2)).toMatchObject({ data: { note: 'حل نشد' }, citizenAt: minute(29) });
    const answer = found.clocks.find(({ clock }) => clock === 'answer');
    expect(answer).toMatchObject({ startedAt: minute(29), stoppedAt: null });
  });

  it('is audited without what was said', async () => {
    const id = await given('ali');
    await done('ali', id, { action: 'answer', note: 'کد ملی ۱۲۳' });
    const { rows } = await web.pool.query<{ action: string; actor: string; detail: object }>(
      'select action, actor, detail from audit where subject = $1 order by id',
      [`case:${id}`],
    );
    expect(rows).toMatchObject([
      { action: 'case.assigned', detail: { from: 'received', to: 'assigned', owner: accounts['ali'] } },
      { action: 'case.answered', actor: `account:${accounts['ali']!}`, detail: { from: 'assigned' } },
    ]);
    expect(JSON.stringify(rows)).not.toContain('۱۲۳');
  });

  it('needs the version that is there', async () => {
    const id = await open();
    const path = `/cases/${id}/actions`;
    const without = await send('supervisor', { method: 'POST', path, body: { action: 'triage' } });
    expect(problemIn(without)).toMatchObject({ status: 428, code: 'precondition-required' });
    await done('supervisor', id, { action: 'triage' });
    const late = await act('supervisor', id, { action: 'spam' }, '"v1"');
    expect(problemIn(late)).toMatchObject({ status: 412, code: 'version-stale' });
    expect(await read('supervisor', id)).toMatchObject({ state: 'triaged', version: 2 });
  });

  it('is taken from one of two who decide at the same moment', async () => {
    const id = await open();
    const both = await Promise.all(
      ['triage', 'spam'].map((action) => act('supervisor', id, { action }, '"v1"')),
    );
    expect(both.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 412]);
  });

  it('that the state does not have is refused', async () => {
    const id = await open();
    for (const body of [
      { action: 'close', note: 'x' },
      { action: 'reopen', note: 'x' },
    ])
      expect(problemIn(await act('supervisor', id, body))).toMatchObject({
        ...{ status: 409, code: 'case-not-so' },
      });
  });

  it.each<[object, string, string]>([
    [{ action: 'answer' }, 'field-missing', '#/note'],
    [{ action: 'assign' }, 'field-missing', '#/owner'],
    [{ action: 'refer', note: 'x' }, 'field-missing', '#/unit'],
    [{ action: 'triage', unit: 'x' }, 'field-unexpected', '#/unit'],
    [{ action: 'assign', owner: uuidv7() }, 'owner-unknown', '#/owner'],
    [{ action: 'triage', specialty: 'astrology' }, 'specialty-unknown', '#/specialty'],
    [{ action: 'set-follow-up', on: '2026-02-30' }, 'day-invalid', '#/on'],
    [{ action: 'escalate' }, 'validation-failed', '#/action'],
    [{ action: 'close-reached' }, 'validation-failed', '#/action'],
    [{ action: 'note', note: '   ' }, 'validation-failed', '#/note'],
    [{ action: 'note', note: 'x', state: 'closed' }, 'validation-failed', '#/state'],
    [{}, 'validation-failed', '#/action'],
  ])('%j is refused as %s', async (body, code, pointer) => {
    const document = problemIn(await act('supervisor', await open(), body));
    expect(document).toMatchObject({ status: 400, code });
    expect(document.errors).toContainEqual(expect.objectContaining({ in: 'body', pointer }));
  });

  it('is given to nobody who may not answer cases', async () => {
    for (const who of ['auditor', 'editor'])
      expect(
        problemIn(await act('supervisor', await open(), { action: 'assign', owner: accounts[who] })).code,
      ).toBe('owner-unknown');
    expect(problemIn(await act('auditor', await open(), { action: 'note', note: 'x' })).code).toBe(
      'role-insufficient',
    );
  });

  it('says why, where a case is closed without an answer', async () => {
    const id = await open();
    await done('supervisor', id, { action: 'ask-citizen', note: 'کدام خیابان؟' });
    expect(problemIn(await act('supervisor', id, { action: 'close' })).code).toBe('field-missing');
    expect(await done('supervisor', id, { action: 'close', note: 'پاسخی نیامد' })).toMatchObject({
      state: 'closed',
    });
  });

  it('takes the citizen’s word from neither before the case nor the future', async () => {
    const id = await open();
    await done('supervisor', id, { action: 'ask-citizen', note: '؟' });
    for (const citizenAt of [minute(-1), minute(31)])
      expect(problemIn(await act('supervisor', id, { action: 'citizen-replied', citizenAt })).code).toBe(
        'citizen-at-invalid',
      );
  });

  it('clears the follow-up date, and takes the owner away with a new sorting', async () => {
    const id = await given('ali');
    await done('ali', id, { action: 'set-follow-up', on: '2026-12-08' });
    expect(await done('ali', id, { action: 'set-follow-up', on: null })).toMatchObject({ followUpOn: null });
    expect(await done('supervisor', id, { action: 'triage' })).toMatchObject({
      ...{ state: 'triaged', owner: null },
    });
  });
});

describe('the list', () => {
  it('is newest first, takes filters, and a reference as it is spoken', async () => {
    const voicemail = await open({ ending: 'voicemail', message: true, specialty: 'finance' });
    const mine = await given('ali');
    const all = await ids('supervisor');
    expect(all.indexOf(mine)).toBeLessThan(all.indexOf(voicemail));
    expect(all).toEqual(all.toSorted().toReversed());
    expect(await ids('supervisor', '&reason=voicemail')).toEqual([voicemail]);
    expect(await ids('supervisor', '&owner=none')).toContain(voicemail);
    expect(await ids('supervisor', '&owner=none')).not.toContain(mine);
    expect(await ids('supervisor', `&owner=${accounts['ali']!}&state=assigned`)).toContain(mine);
    expect(await ids('supervisor', '&specialty=finance&state=received')).toEqual([voicemail]);
    const { reference } = await read('supervisor', voicemail);
    const persian = [...reference].map((digit) => String.fromCharCode(0x6f0 + Number(digit))).join('');
    for (const said of [reference, persian, `${reference.slice(0, 4)}-${reference.slice(4)}`])
      expect(await ids('supervisor', `&reference=${encodeURIComponent(said)}`)).toEqual([voicemail]);
    const wrong = `${reference.slice(0, 7)}${(Number(reference[7]) + 1) % 10}`;
    expect(problemIn(await get('supervisor', `/cases?reference=${wrong}`)).code).toBe('reference-invalid');
  });

  it('tells what is overdue', async () => {
    const [late, intime] = [await open(), await open()];
    await done('supervisor', intime, { action: 'triage' });
    own.setTime(61);
    try {
      expect(await ids('supervisor', '&overdue=true')).toContain(late);
      expect(await ids('supervisor', '&overdue=true')).not.toContain(intime);
      expect(await ids('supervisor', '&overdue=false')).toContain(intime);
      expect((await read('supervisor', late)).overdue).toBe(true);
    } finally {
      own.setTime(30);
    }
  });

  it('tells whose follow-up date has come, as long as the case is not over', async () => {
    const [due, later, over, undated] = [
      await given('ali'),
      await given('ali'),
      await given('ali'),
      await open(),
    ];
    for (const [id, on] of [
      [due, '2026-12-08'],
      [later, '2026-12-10'],
      [over, '2026-12-07'],
    ] as const)
      await done('ali', id, { action: 'set-follow-up', on });
    await done('ali', over, { action: 'withdraw', note: 'منصرف شد' });
    const by = (day: string) => ids('supervisor', `&followUpBy=${day}`);
    expect(await by('2026-12-07')).not.toContain(due);
    expect(await by('2026-12-08')).toContain(due);
    expect(await by('2026-12-09')).not.toContain(later);
    const all = await by('2026-12-10');
    expect(all).toEqual(expect.arrayContaining([due, later]));
    for (const id of [over, undated]) expect(all).not.toContain(id);
    expect(await ids('ali', '&followUpBy=2026-12-08')).toContain(due);
    for (const [day, code] of [
      ['2026-02-30', 'day-invalid'],
      ['0000-01-01', 'day-invalid'],
      ['tomorrow', 'validation-failed'],
    ] as const)
      expect(problemIn(await get('supervisor', `/cases?followUpBy=${day}`))).toMatchObject({
        status: 400,
        code,
      });
  });

  it('shows every case once, page by page', async () => {
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const path: string = `/cases?limit=3${next === null ? '' : `&cursor=${next}`}`;
      const found = (await get('supervisor', path)).json<{ items: Told[]; next: string | null }>();
      seen.push(...found.items.map(({ id }) => id));
      next = found.next;
    } while (next !== null);
    expect(seen).toEqual(await ids('supervisor'));
    expect(problemIn(await get('supervisor', '/cases?cursor=AAAA')).code).toBe('cursor-invalid');
  });
});

describe('the document of the API', () => {
  it('tells of every door of the room, and of both forms of the report', async () => {
    const { paths } = (await web.app.inject({ url: '/api/docs/json' })).json<{
      paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>>;
    }>();
    const ours = Object.keys(paths).filter((path) => /cases|reports\/unanswered/.test(path));
    expect(ours.toSorted()).toEqual([
      ...['/api/v1/cases', '/api/v1/cases/import', '/api/v1/cases/{id}', '/api/v1/cases/{id}/actions'],
      '/api/v1/reports/unanswered',
    ]);
    const { responses } = paths['/api/v1/reports/unanswered']!['get']!;
    expect(Object.keys(responses['200']!.content!)).toEqual(['application/json', 'text/csv']);
  });
});

describe('the report of what is unanswered', () => {
  const path = '/reports/unanswered';

  it('is empty as long as somebody is told in time, and counts whom nobody can call', async () => {
    await open();
    await tell(web.pool, { at: 0, ending: 'abandoned', caller: null });
    await own.cases.openDue();
    expect((await get('auditor', path)).json()).toEqual({ items: [], next: null, unopened: 0, withheld: 1 });
    expect((await get('auditor', `${path}?from=${minute(1)}`)).json()).toMatchObject({ withheld: 0 });
  });

  it('counts what was promised, given up or to be followed up and is no case after five minutes', async () => {
    const unopened = async (query = '') =>
      (await get('auditor', `${path}${query}`)).json<{ unopened: number }>().unopened;
    const caller = '+989139990001';
    const outcome = { code: 'follow-up-needed', followUp: true };
    const from = `?from=${minute(10)}`;
    await tell(web.pool, { at: 10, ending: 'failed', caller });
    await tell(web.pool, { at: 11, ending: 'abandoned', caller: '+989139990002' });
    await tell(web.pool, { at: 12, ending: 'answered', caller: '+989139990003', outcome });
    try {
      own.setTime(14);
      expect(await unopened(from)).toBe(0);
      own.setTime(30);
      expect(await unopened(from)).toBe(3);
      const { headers, body } = await get('auditor', `${path}${from}&format=csv`);
      expect([headers['x-unopened'], headers['x-withheld']]).toEqual(['3', '0']);
      expect(body.split('\r\n')).toHaveLength(2);
      expect(await unopened(`${from}&to=${minute(11)}`)).toBe(1);
      await own.cases.openDue();
      expect(await unopened()).toBe(0);
    } finally {
      own.setTime(30);
    }
  });

  it('tells page by page, and for spreadsheets, what nobody was told of', async () => {
    const id = await open();
    own.setTime(24 * 60 * 30);
    try {
      const all = (await get('supervisor', `${path}?limit=200`)).json<{
        items: { caseId: string; clock: string; number: string }[];
      }>().items;
      expect(all.filter(({ caseId }) => caseId === id).map(({ clock }) => clock)).toEqual([
        ...['resolve', 'answer', 'acknowledge'],
      ]);
      const seen: unknown[] = [];
      let next: string | null = null;
      do {
        const more: string = next === null ? '' : `&cursor=${next}`;
        const page = (await get('supervisor', `${path}?limit=2${more}`)).json<{
          items: unknown[];
          next: string | null;
        }>();
        seen.push(...page.items);
        next = page.next;
      } while (next !== null);
      expect(seen).toEqual(all);
      const csv = await get('supervisor', `${path}?format=csv&limit=1`);
      expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
      expect(csv.body.startsWith('\ufeffreference,clock,dueAt,dueAtJalali,openedAt,openedAtJalali,')).toBe(
        true,
      );
      // Opened at ten in Tehran.
      expect(csv.body).toContain(`acknowledge,${minute(60)},1405/09/14 11:00,${minute(0)},1405/09/14 10:00,`);
      expect(csv.body.split('\r\n')).toHaveLength(all.length + 2);
      expect(csv.body).toContain(`,'${all[0]!.number},`);
      expect((await get('auditor', `${path}?format=csv`)).body).not.toContain(all[0]!.number.slice(1));
      await own.cases.escalateDue();
      expect((await get('supervisor', path)).json()).toMatchObject({ items: [], next: null });
    } finally {
      own.setTime(30);
    }
  });

  it('is whole as a table, however long', async () => {
    const clocks = ['acknowledge', 'answer', 'resolve'];
    await web.pool.query(
      `with made as (
         select gen_random_uuid() as id, (80000000 + n)::text as reference from generate_series(1, 150) as n
       ), named as (
         insert into case_references (reference) select reference from made
       ), added as (
         insert into cases (id, reference, reason, opened_at, state) select id, reference, 'imported', $1, 'received' from made
       )
       insert into case_clocks (case_id, clock, started_at, target_seconds, due_at)
       select id, clock, $1, 60, $1 from made cross join unnest($2::text[]) as clock`,
      [minute(0), clocks],
    );
    const { body } = await get('supervisor', `${path}?format=csv&to=${minute(1)}`);
    const rows = body.trimEnd().split('\r\n').slice(1);
    const wanted = Array.from({ length: 150 }, (_, n) => clocks.map((clock) => `${80_000_001 + n},${clock}`));
    expect(rows.map((row) => row.split(',', 2).join(',')).toSorted()).toEqual(wanted.flat());
  });
});
