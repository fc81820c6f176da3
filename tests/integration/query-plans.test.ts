import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadStatement } from '../../src/platform/sql.ts';
import { createTestDatabase } from '../support/database.ts';

/** What is asked again and again, or by staff over years of calls, is found by indexes, whichever way PostgreSQL plans it. */

const CALLS = 20_000;
/** One call a minute, up to now. */
const FILL = [
  'create table made as select n, now() - ($1 - n) * interval \'1 min\' as at, gen_random_uuid() as "case" from generate_series(1, $1::int) as n',
  // UUIDv7: the later, the larger.
  `alter table made add column id uuid; update made set id = (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid`,
  `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, answered_at, ended_at, state, ending, expert_id)
   select id, 'inbound', 'menu', '+98912' || lpad((n % 5000)::text, 7, '0'), '', 'transport', at, at, at + interval '10 s', at + interval '30 s', 'ended', 'answered', 'e001' from made`,
  `insert into outcomes (call_id, seq, code, follow_up, set_at, actor)
   select id, 8, 'resolved', false, at + interval '1 min', 'expert:e001' from made where n % 20 > 0`,
  `insert into segments (call_id, position, expert_id, started_at, ended_at, ended_by)
   select id, 1, 'e001', at + interval '10 s', at + interval '30 s', 'citizen' from made`,
  `insert into call_entries (call_id, seq, kind, at, actor, data)
   select id, seq, case seq when 3 then 'wait.told' else 'call.ended' end, at, 'system',
          jsonb_build_object('toldAt', at, 'lowMinutes', 1, 'highMinutes', 5, 'reason', null)
   from made cross join generate_series(1, 6) as seq where seq <> 3 or n % 3 = 0`,
  'insert into case_references (reference) select (10000000 + n)::text from made',
  `insert into cases (id, reference, reason, number, specialty, state, opened_at)
   select "case", (10000000 + n)::text, 'callback', '+989121234567', 'transport', 'closed', at from made`,
  'insert into case_calls (call_id, case_id) select id, "case" from made',
  `insert into callbacks (id, case_id, number, specialty, place_at, state, due_at, call_id, claimed_at, changed_at)
   select gen_random_uuid(), "case", '+989121234567', 'transport', at, case when n % 1000 = 0 then 'pending' else 'done' end, at, id, at, at - interval '3 days'
   from made`,
  `insert into recordings (call_id, kind, path, bytes, seconds, sha256, created_at, offer_id)
   select id, 'talk', 'talks/' || n, 1, 1, 'x', at, n::text from made`,
  `insert into recordings (case_id, kind, path, bytes, sha256, created_at, sources)
   select "case", 'imported', 'imported/' || n, 1, 'x', at, array['old/' || n || '.wav'] from made where n % 4 = 0`,
  'analyze',
];

let client: pg.Client;
let caseId = '';
beforeAll(async () => {
  client = new pg.Client({ connectionString: await createTestDatabase() });
  await client.connect();
  for (const text of FILL) await client.query(text.replaceAll('$1', String(CALLS)));
  const { rows } = await client.query<{ case: string }>('select "case" from made where n = 400');
  caseId = rows[0]!.case;
});
afterAll(() => client?.end());

type Value = string | number | null;

const literal = (value: Value) => (value === null ? 'null' : client.escapeLiteral(String(value)));

/** As planned for these values, and as a prepared statement is planned for any. */
async function planOf(name: string, mode: 'custom' | 'generic', values: readonly Value[]): Promise<string> {
  const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
  await client.query(`set plan_cache_mode = force_${mode}_plan`);
  await client.query(`prepare statement as ${loadStatement(name)}`);
  try {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute statement${given}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await client.query('deallocate statement');
  }
}

const HOUR_MS = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString();
const anyCall = [null, 'inbound', null, null, null, null, null, null, 51];

interface Asked {
  what: string;
  name: string;
  values: () => Value[];
  by: string[];
}
const asked: Asked[] = [
  {
    what: 'what citizens were told of their wait',
    name: 'routing/told-waits',
    values: () => [ago(3), ago(1)],
    by: ['calls_entered', 'call_entries_told'],
  },
  { what: 'the newest calls', name: 'calls/list-calls', values: () => anyCall, by: ['calls_pkey'] },
  {
    what: 'talks without an outcome',
    name: 'calls/list-missing-outcomes',
    values: () => anyCall,
    by: ['calls_pkey', 'outcomes_'],
  },
  {
    what: 'what was spoken of a case',
    name: 'cases/recordings-of-case',
    values: () => [caseId],
    by: ['recordings_case', 'recordings_call_id_seq_key'],
  },
  {
    what: 'attempts that belong to no case yet',
    name: 'callbacks/link-calls',
    values: () => [],
    by: ['callbacks_changed', 'case_calls_pkey'],
  },
  {
    what: 'a sound by the name it was taken over under',
    name: 'recordings/imported-sound',
    values: () => ['old/400.wav'],
    by: ['recordings_sources'],
  },
  {
    what: 'a recording by its file',
    name: 'recordings/is-path',
    values: () => ['talks/400'],
    by: ['recordings_path'],
  },
];

describe.each(['custom', 'generic'] as const)('planned by a %s plan, by indexes are found', (mode) => {
  it.each(asked)('$what', async ({ name, values, by }) => {
    const plan = await planOf(name, mode, values());
    expect(plan.replaceAll('Seq Scan on specialties', '')).not.toContain('Seq Scan');
    for (const index of by) expect(plan).toContain(index);
  });
});

describe('and it is the same that is found', () => {
  const found = async (name: string, values: readonly unknown[] = []) =>
    (await client.query<Record<string, unknown>>(loadStatement(name), [...values])).rows;

  it('of a case its own sounds and those of its calls', async () => {
    const kinds = (await found('cases/recordings-of-case', [caseId])).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['imported', 'talk']);
  });

  it('of talks without an outcome page by page, each once, the newest first', async () => {
    const { rows } = await client.query<{ id: string }>(
      'select id from made where n % 20 = 0 order by n desc',
    );
    const seen: unknown[] = [];
    for (let after: unknown = null; ; after = seen.at(-1)) {
      const page = await found('calls/list-missing-outcomes', [after, ...anyCall.slice(1)]);
      seen.push(...page.map(({ id }) => id));
      if (page.length < 51) break;
    }
    expect(seen).toEqual(rows.map(({ id }) => id));
  });

  it('under a name the sound that was taken over last', async () => {
    expect(await found('recordings/imported-sound', ['old/400.wav'])).toEqual([
      { path: 'imported/400', sha256: 'x' },
    ]);
    expect(await found('recordings/imported-sound', ['old/401.wav'])).toEqual([]);
    expect(await found('recordings/is-path', ['talks/400'])).toHaveLength(1);
  });

  it('of attempts those that are written down late: under way, or settled within days', async () => {
    const linked = async (n: number, change: string) => {
      await client.query(`delete from case_calls where call_id = (select id from made where n = ${n})`);
      await client.query(
        `update callbacks set ${change} where call_id = (select id from made where n = ${n})`,
      );
      await found('callbacks/link-calls');
      const { rowCount } = await client.query(
        `select from case_calls k join made m on m.id = k.call_id and m."case" = k.case_id where m.n = ${n}`,
      );
      return rowCount === 1;
    };
    expect(await linked(1, `state = 'live'`)).toBe(true);
    expect(await linked(2, `state = 'pending'`)).toBe(true);
    expect(await linked(3, `changed_at = now() - interval '2 days'`)).toBe(true);
    expect(await linked(4, `changed_at = now() - interval '4 days'`)).toBe(false);
  });
});
