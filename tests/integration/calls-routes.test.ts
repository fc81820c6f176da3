import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemIn, startWeb, type TestWeb } from '../support/web.ts';

let web: TestWeb;
const tokens: Record<string, string> = {};
const experts: Record<string, string> = {};
const calls: Record<string, string> = {};

interface CallWanted {
  expertId?: string | null;
  specialty?: string | null;
  ending?: string | null;
  caller?: string | null;
  direction?: string;
  answered?: boolean;
  enteredAt?: string;
}

/** A row as the ledger's projection leaves it. */
async function addCall(wanted: CallWanted = {}): Promise<string> {
  const { expertId = null, specialty = 'transport', ending = 'answered', caller = '+989121234567' } = wanted;
  const {
    direction = 'inbound',
    enteredAt = '2026-11-20T08:00:00Z',
    answered = ending === 'answered',
  } = wanted;
  const id = uuidv7();
  await web.pool.query(
    `insert into calls (id, direction, asterisk_id, channel_id, entry, caller, caller_received, caller_reason, specialty,
       entered_at, queued_at, answered_at, ended_at, state, ending, expert_id)
     values ($1::uuid, $2, 'test', $1::text, 'menu', $3::text, coalesce($3::text, ''), case when $3::text is null then 'withheld' end,
       $4, $5::timestamptz, $5::timestamptz + interval '10 s', case when $6 then $5::timestamptz + interval '30 s' end,
       case when $7::text is not null then $5::timestamptz + interval '90 s' end,
       case when $7::text is null then 'talking' else 'ended' end, $7, $8)`,
    [id, direction, caller, specialty, enteredAt, answered, ending, expertId],
  );
  if (answered && expertId !== null) {
    await web.pool.query(
      `insert into segments (call_id, position, expert_id, started_at, ended_at, ended_by)
       values ($1, 1, $2, $3::timestamptz + interval '30 s', $3::timestamptz + interval '90 s', 'citizen')`,
      [id, expertId, enteredAt],
    );
  }
  return id;
}

async function addStory(id: string, expertId: string): Promise<void> {
  const entries: [number, string, object][] = [
    [
      1,
      'call.entered',
      { direction: 'inbound', caller: '+989121234567', callerReceived: '09121234567', callerReason: null },
    ],
    [2, 'menu.chosen', { specialty: 'transport', by: 'digit' }],
    [3, 'number.kept', { number: '02188776655' }],
  ];
  for (const [seq, kind, data] of entries) {
    await web.pool.query(
      `insert into call_entries (call_id, seq, kind, at, actor, data) values ($1, $2, $3, '2026-11-20T08:00:00Z', 'system', $4)`,
      [id, seq, kind, JSON.stringify(data)],
    );
  }
  const why = {
    rule: 'longest-waiting-to-longest-idle',
    waitedMs: 20_000,
    position: 1,
    candidates: [{ expertId, idleMs: 61_500 }],
    excluded: [{ expertId: 'e777', because: 'paused' }],
  };
  await web.pool.query(
    `insert into offers (id, call_id, expert_id, attempt, made_at, why, result, ended_at)
     values ('o-1', $1, $2, 1, '2026-11-20T08:00:20Z', $3, 'answered', '2026-11-20T08:00:30Z')`,
    [id, expertId, JSON.stringify(why)],
  );
}

beforeAll(async () => {
  web = await startWeb();
  for (const role of ['admin', 'supervisor', 'reviewer', 'editor', 'auditor'] as const) {
    tokens[role] = (await web.signIn(role)).token;
  }
  for (const name of ['ali', 'zahra']) {
    const { token, account } = await web.signIn('expert', { username: name });
    tokens[name] = token;
    experts[name] = account.expertId!;
  }
  calls['ali'] = await addCall({ expertId: experts['ali']! });
  calls['zahra'] = await addCall({
    expertId: experts['zahra']!,
    specialty: 'finance',
    enteredAt: '2026-11-21T08:00:00Z',
  });
  calls['abandoned'] = await addCall({ ending: 'abandoned', caller: null, specialty: null });
  calls['outbound'] = await addCall({ direction: 'outbound' });
  await addStory(calls['ali'], experts['ali']!);
});
afterAll(() => web.close());

const get = (who: string, path: string) => web.as(tokens[who]!, { url: `/api/v1${path}` });
const ids = async (who: string, query = '') =>
  (await get(who, `/calls${query}`)).json<{ items: { id: string }[] }>().items.map((call) => call.id);

describe('a call', () => {
  it('has exactly the fields of the contract, and why there is no caller', async () => {
    const response = await get('supervisor', `/calls/${calls['ali']!}`);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      id: calls['ali'],
      direction: 'inbound',
      caller: '+989121234567',
      callerReason: null,
      specialty: 'transport',
      enteredAt: '2026-11-20T08:00:00.000Z',
      queuedAt: '2026-11-20T08:00:10.000Z',
      answeredAt: '2026-11-20T08:00:30.000Z',
      endedAt: '2026-11-20T08:01:30.000Z',
      state: 'ended',
      ending: 'answered',
      expertId: experts['ali'],
      waitSeconds: 20,
      talkSeconds: 60,
      outcome: null,
      surveyScore: null,
      caseId: null,
    });
    const withheld = await get('admin', `/calls/${calls['abandoned']!}`);
    expect(withheld.json()).toMatchObject({
      caller: null,
      callerReason: 'withheld',
      specialty: null,
      talkSeconds: null,
    });
  });

  it.each(['reviewer', 'auditor', 'ali'])('shows %s the number masked, everywhere', async (who) => {
    const one = await get(who, `/calls/${calls['ali']!}`);
    const list = await get(who, `/calls?specialty=transport`);
    const why = await get(who, `/calls/${calls['ali']!}/why`);
    expect(one.json()).toMatchObject({ caller: '+98********67' });
    for (const { body, statusCode } of [one, list, why]) {
      expect(statusCode).toBe(200);
      expect(body).not.toMatch(/9121234567|88776655/);
    }
  });

  it('is not found where there is none', async () => {
    expect(problemIn(await get('supervisor', `/calls/${uuidv7()}`))).toMatchObject({
      status: 404,
      code: 'call-not-found',
    });
    expect(problemIn(await get('supervisor', `/calls/${uuidv7()}/why`))).toMatchObject({
      status: 404,
      code: 'call-not-found',
    });
    for (const id of ['1', `${uuidv7()}'--`, '%27%20or%201=1', `${uuidv7()}0`]) {
      expect(problemIn(await get('supervisor', `/calls/${id}`)).status).toBe(400);
    }
  });

  it('is no matter of editors', async () => {
    for (const path of ['/calls', `/calls/${calls['ali']!}`, `/calls/${calls['ali']!}/why`]) {
      expect(problemIn(await get('editor', path))).toMatchObject({ status: 403, code: 'role-insufficient' });
    }
  });
});

describe('an expert', () => {
  it('sees the calls they answered and no others', async () => {
    expect(await ids('ali')).toEqual([calls['ali']]);
    expect(await ids('ali', `?expertId=${experts['ali']!}`)).toEqual([calls['ali']]);
    expect(await ids('zahra')).toEqual([calls['zahra']]);
  });

  it.each(['', '/why'])(
    'learns nothing of another’s call%s, not even whether it is there',
    async (suffix) => {
      const foreign = problemIn(await get('ali', `/calls/${calls['zahra']!}${suffix}`));
      const missing = problemIn(await get('ali', `/calls/${uuidv7()}${suffix}`));
      const unanswered = problemIn(await get('ali', `/calls/${calls['abandoned']!}${suffix}`));
      for (const document of [foreign, missing, unanswered]) {
        expect({ ...document, instance: '' }).toEqual({ ...foreign, instance: '' });
        expect(document).toMatchObject({ status: 403, code: 'not-yours' });
      }
    },
  );

  it('may not ask for another’s calls', async () => {
    expect(problemIn(await get('ali', `/calls?expertId=${experts['zahra']!}`)).status).toBe(403);
    expect(problemIn(await get('ali', `/calls?expertId=${experts['zahra']!}&limit=none`)).status).toBe(403);
  });

  it('reads their own call by its id in any letters', async () => {
    expect((await get('ali', `/calls/${calls['ali']!.toUpperCase()}`)).statusCode).toBe(200);
    expect((await get('ali', `/calls/${calls['zahra']!.toUpperCase()}`)).statusCode).toBe(403);
  });
});

describe('an outcome that is missing', () => {
  it('is listed for those who see all, by expert and for experts their own', async () => {
    const { ali, zahra } = calls;
    expect(await ids('supervisor', '?outcome=missing')).toEqual([zahra, ali]);
    expect(await ids('supervisor', `?outcome=missing&expertId=${experts['zahra']!}`)).toEqual([zahra]);
    expect(await ids('ali', '?outcome=missing')).toEqual([ali]);
    expect(problemIn(await get('ali', `/calls?outcome=missing&expertId=${experts['zahra']!}`))).toMatchObject(
      { status: 403 },
    );
    expect(problemIn(await get('supervisor', '/calls?outcome=lost')).status).toBe(400);
  });

  it('is not that of a call that is not over, had no talk, or has one', async () => {
    const live = await addCall({ expertId: experts['ali']!, ending: null, answered: true });
    const told = await addCall({ expertId: experts['ali']!, enteredAt: '2026-11-22T08:00:00Z' });
    expect(await ids('ali', '?outcome=missing')).toEqual([told, calls['ali']]);
    const set = {
      method: 'PUT',
      url: `/api/v1/calls/${told}/outcome`,
      payload: { code: 'resolved' },
    } as const;
    expect((await web.as(tokens['ali']!, set)).statusCode).toBe(200);
    expect(await ids('ali', '?outcome=missing')).toEqual([calls['ali']]);
    for (const id of [live, told])
      for (const table of ['outcomes', 'segments', 'calls'])
        await web.pool.query(`delete from ${table} where ${table === 'calls' ? 'id' : 'call_id'} = $1`, [id]);
  });
});

describe('the list', () => {
  it('is inbound by default, newest first, and takes filters', async () => {
    const { ali, zahra, abandoned, outbound } = calls;
    expect(await ids('supervisor')).toEqual([abandoned, zahra, ali]);
    expect(await ids('supervisor', '?direction=outbound')).toEqual([outbound]);
    expect(await ids('supervisor', '?specialty=finance')).toEqual([zahra]);
    expect(await ids('supervisor', '?ending=abandoned')).toEqual([abandoned]);
    expect(await ids('supervisor', `?expertId=${experts['zahra']!}&ending=answered`)).toEqual([zahra]);
    expect(await ids('supervisor', '?from=2026-11-21T00:00:00Z')).toEqual([zahra]);
    expect(await ids('supervisor', `?to=${encodeURIComponent('2026-11-20T12:00:00+03:30')}`)).toEqual([
      abandoned,
      ali,
    ]);
    expect(await ids('supervisor', '?from=2026-11-21T08:00:00Z&to=2026-11-21T08:00:00Z')).toEqual([]);
  });

  it.each([
    ['specialty', `' or '1'='1`],
    ['specialty', 'transport%00'],
    ['expertId', `e001'; drop table calls; --`],
    ['ending', 'answered) or (1=1'],
    ['direction', 'both'],
    ['from', `2026-11-20'::timestamptz or true --`],
    ['from', '2026-11-23T08:30:00Z[Asia/Tehran]'],
    ['to', '2026-12-31T23:59:60Z'],
    ['to', '0000-01-01T00:00:00Z'],
    ['colour', 'red'],
    ['expertId[]', 'e001'],
    ['__proto__', 'x'],
  ])('refuses %s=%s', async (name, value) => {
    const response = await get(
      'supervisor',
      `/calls?${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    );
    expect(problemIn(response)).toMatchObject({ status: 400, code: 'validation-failed' });
    expect((await web.pool.query('select 1 from calls')).rowCount).toBeGreaterThan(3);
  });

  it('shows every call once while new ones come in', async () => {
    const other = await startWeb();
    const outer = web;
    web = other;
    try {
      const { token } = await other.signIn('supervisor');
      const expected: string[] = [];
      for (let n = 0; n < 7; n++) expected.unshift(await addCall({ ending: 'abandoned' }));
      const seen: string[] = [];
      let next: string | null = null;
      do {
        const url: string = `/api/v1/calls?limit=3${next === null ? '' : `&cursor=${next}`}`;
        const page = (await other.as(token, { url })).json<{
          items: { id: string }[];
          next: string | null;
        }>();
        seen.push(...page.items.map((call) => call.id));
        next = page.next;
        await addCall({ ending: 'abandoned' });
      } while (next !== null);
      expect(seen).toEqual(expected);
    } finally {
      web = outer;
      await other.close();
    }
  });

  it('takes a cursor with its own filters alone', async () => {
    const { next } = (await get('supervisor', '/calls?limit=1')).json<{ next: string }>();
    expect((await get('supervisor', `/calls?limit=2&cursor=${next}`)).statusCode).toBe(200);
    for (const query of [`direction=outbound&cursor=${next}`, `cursor=${next}x`, 'cursor=AAAA']) {
      expect(problemIn(await get('supervisor', `/calls?${query}`)).code).toBe('cursor-invalid');
    }
    expect(problemIn(await get('ali', `/calls?cursor=${next}`)).code).toBe('cursor-invalid');
  });
});

describe('why', () => {
  it('tells the offers with who else could have been asked, and the story in order', async () => {
    const story = (await get('supervisor', `/calls/${calls['ali']!}/why`)).json<{
      entries: { kind: string; data: object }[];
    }>();
    expect(story).toMatchObject({
      callId: calls['ali'],
      offers: [
        {
          ...{
            offerId: 'o-1',
            expertId: experts['ali'],
            attempt: 1,
            result: 'answered',
            position: 1,
            waitedSeconds: 20,
          },
          rule: 'longest-waiting-to-longest-idle',
          madeAt: '2026-11-20T08:00:20.000Z',
          candidates: [{ expertId: experts['ali'], idleSeconds: 61.5 }],
          excluded: [{ expertId: 'e777', because: 'paused' }],
        },
      ],
      segments: [{ expertId: experts['ali'], endedBy: 'citizen' }],
    });
    expect(story.entries.map((entry) => entry.kind)).toEqual(['call.entered', 'menu.chosen', 'number.kept']);
    expect(story.entries[0]!.data).toMatchObject({ caller: '+989121234567', callerReceived: '09121234567' });
  });
});

describe('the outcome', () => {
  const put = (who: string, id: string, payload: unknown) =>
    web.as(tokens[who]!, { method: 'PUT', url: `/api/v1/calls/${id}/outcome`, payload: payload as object });

  it('is set by the expert who answered, and shown with the call', async () => {
    const outcome = { code: 'referred', note: 'به منطقه ۵', followUp: true };
    const response = await put('ali', calls['ali']!, outcome);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ id: calls['ali'], outcome, caller: '+98********67' });
    const again = await put('supervisor', calls['ali']!, { code: 'resolved' });
    expect(again.json()).toMatchObject({ outcome: { code: 'resolved', note: null, followUp: false } });
    const story = (await get('supervisor', `/calls/${calls['ali']!}/why`)).json<{
      outcomes: { code: string }[];
    }>();
    expect(story.outcomes.map((entry) => entry.code).sort()).toEqual(['referred', 'resolved']);
  });

  it('is audited without the note', async () => {
    await put('zahra', calls['zahra']!, { code: 'other', note: 'شماره ملی ۱۲۳' });
    const { items } = (await get('auditor', `/audit?subject=call:${calls['zahra']!}`)).json<{
      items: { detail: object }[];
    }>();
    expect(items[0]).toMatchObject({ action: 'outcome.set', detail: { code: 'other', followUp: false } });
    expect(JSON.stringify(items)).not.toContain('شماره');
  });

  it('of another’s call is a 403 whatever the body; of an own call a bad body is a 400', async () => {
    for (const body of [{ code: 'resolved' }, { code: 5 }, {}, { expertId: 'e001' }]) {
      expect(problemIn(await put('ali', calls['zahra']!, body))).toMatchObject({
        status: 403,
        code: 'not-yours',
      });
    }
    for (const body of [
      { code: 5 },
      {},
      { code: 'resolved', expertId: 'e001' },
      { code: 'resolved', note: 'x\u0000' },
    ]) {
      expect(problemIn(await put('ali', calls['ali']!, body))).toMatchObject({
        status: 400,
        code: 'validation-failed',
      });
    }
    for (const who of ['auditor', 'reviewer', 'editor']) {
      expect(problemIn(await put(who, calls['ali']!, {}))).toMatchObject({
        status: 403,
        code: 'role-insufficient',
      });
    }
  });

  it('must be one there is', async () => {
    const document = problemIn(await put('supervisor', calls['ali']!, { code: 'no-such-thing' }));
    expect(document).toMatchObject({
      status: 400,
      code: 'outcome-unknown',
      errors: [{ in: 'body', pointer: '#/code' }],
    });
  });

  it('is not said of a call nobody answered, or of none', async () => {
    expect(problemIn(await put('supervisor', calls['abandoned']!, { code: 'resolved' }))).toMatchObject({
      ...{ status: 409, code: 'call-not-answered' },
    });
    expect(problemIn(await put('supervisor', uuidv7(), { code: 'resolved' })).status).toBe(404);
  });

  it('may be said while the talk lasts', async () => {
    const live = await addCall({ expertId: experts['ali']!, ending: null, answered: true });
    expect((await put('ali', live, { code: 'resolved' })).statusCode).toBe(200);
  });
});
