import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { listUnanswered } from '../../src/cases/store.ts';
import { readConfig } from '../../src/config.ts';
import { addClosure } from '../../src/hours/openings-store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { query } from '../../src/platform/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { chance as chanceOf, type Chance } from '../support/random.ts';
import { silentLog } from '../support/silent-log.ts';
import { soundKey } from '../support/vault.ts';
import { createLine } from './month/line.ts';
import { DAY_FROM, DAY_TO, shiftsOf, visitsOf } from './month/plan.ts';
import { createStaff } from './month/staff.ts';
import { rounded, table } from './support/figures.ts';

/**
 * A month of the clinic in minutes: citizens who call, wait, give up and come back, experts who are late or away, holidays, a day
 * on which it is closed on the spot. In the end every call has one ending, every promise was kept or is told as broken, and
 * nothing is past its deadline without an escalation.
 */

const ZONE = 'Asia/Tehran';
/** In it lie two official holidays. */
const FIRST_DAY = '2027-01-16';
/** What is still owed when the month is over is seen to by then. */
const MOST_DAYS_AFTER = 10;
const HOUR = 3_600_000;

interface Options {
  citizens: number;
  days: number;
  experts: number;
  seed: number;
}

/** `--citizens N --days N --experts N --seed N` */
function optionsOf(args: readonly string[]): Options {
  const options: Options = { citizens: 20_000, days: 30, experts: 12, seed: 1405 };
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at]?.slice('--'.length) as keyof Options;
    const value = Number(args[at + 1]);
    if (!(name in options) || !Number.isInteger(value) || value < 1)
      throw new Error(
        `Not understood: ${args.slice(at, at + 2).join(' ')}. Options: --citizens --days --experts --seed`,
      );
    options[name] = value;
  }
  return options;
}

export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const options = optionsOf(args);
  const pool = createPool(await createTestDatabase(), silentLog);
  try {
    return await liveMonth(pool, options, tell);
  } finally {
    await pool.end();
  }
}

/** Figures that must be as they are said to be. */
export const passes = (result: Record<string, unknown>): boolean =>
  ['unanswered', 'notEndedOnce', 'uncounted', 'stillOwed'].every((name) => result[name] === 0);

async function liveMonth(pool: Pool, options: Options, tell: (line: string) => void) {
  const { citizens, days, experts, seed } = options;
  const chance = chanceOf(seed);
  const config = readConfig({
    ...{ DATABASE_URL: 'postgres://month', ARI_PASSWORD: 'none', AMI_PASSWORD: 'none' },
    ...{ RECORDINGS_KEY: soundKey('month'), CALLBACK_TRUNK: 'out' },
  });
  await hire(pool, experts);
  const line = createLine({ pool, chance, config });
  const work = createStaff({ pool, cases: line.cases, chance });
  const closedOn = chance.whole(3, Math.max(3, days - 3));
  let called = 0;
  let answeredCases = 0;
  let escalated = 0;
  let owed = Infinity;
  for (let day = 0; day < days || (owed > 0 && day < days + MOST_DAYS_AFTER); day += 1) {
    const date = DateTime.fromISO(FIRST_DAY, { zone: ZONE }).plus({ days: day });
    const isMonth = day < days;
    const lived = await line.live({
      ...{ midnight: date.toMillis(), from: DAY_FROM, to: DAY_TO },
      visits: isMonth ? visitsOf(share(citizens, days, day), citizens, chance) : [],
      shifts: shiftsOf(experts, chance),
      everyHour: async () => void (answeredCases += await work()),
      closure: day === closedOn ? snow(pool, date, chance) : null,
    });
    called += lived.visits;
    escalated += lived.escalated;
    owed = await stillOwed(pool);
    tell(`${date.toISODate()}: ${lived.visits} calls, ${owed} cases open`);
  }
  return tellResult(pool, tell, {
    ...{ called, answeredCases, escalated, owed, now: new Date(line.clock.now()), seed },
  });
}

const share = (all: number, days: number, day: number): number =>
  Math.floor((all * (day + 1)) / days) - Math.floor((all * day) / days);

async function hire(pool: Pool, experts: number): Promise<void> {
  for (let index = 1; index <= experts; index += 1)
    await pool.query('insert into experts (id, name, created_by) values ($1, $2, $3)', [
      `e${String(index).padStart(3, '0')}`,
      `کارشناس ${index}`,
      'account:month',
    ]);
}

/** Closed on the spot at some moment of the morning, until the next day. */
function snow(pool: Pool, date: DateTime, chance: Chance) {
  const at = chance.whole(9 * HOUR, 12 * HOUR);
  return {
    at,
    declare: async (now: Date) => {
      const endsAt = date.plus({ days: 1 }).toJSDate();
      const closure = { specialty: null, kind: 'snow' as const, startsAt: now, endsAt, reason: 'برف' };
      const { id } = await addClosure(pool, closure, 'account:month');
      // The month's time is not PostgreSQL's, and none counts before it was made.
      await pool.query('update closures set created_at = starts_at where id = $1', [id]);
    },
  };
}

async function stillOwed(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from cases where state not in ('closed', 'withdrawn', 'spam')`,
  );
  return rows[0]!.count;
}

interface Ended {
  called: number;
  answeredCases: number;
  escalated: number;
  owed: number;
  now: Date;
  seed: number;
}

async function tellResult(pool: Pool, tell: (line: string) => void, ended: Ended) {
  const endings = await rowsOf<{ ending: string; calls: number }>(
    pool,
    `select coalesce(ending, 'none') as ending, count(*)::int as calls
     from calls where direction = 'inbound' group by 1 order by 2 desc`,
  );
  const attempts = await rowsOf<{ result: string; calls: number }>(
    pool,
    `select coalesce(b.data ->> 'result', c.ending) as result, count(*)::int as calls
     from calls c left join call_entries b on b.call_id = c.id and b.kind = 'callback.tried'
     where c.direction = 'outbound' group by 1 order by 2 desc`,
  );
  const promises = await rowsOf<{ reason: string; state: string; cases: number }>(
    pool,
    `select k.reason, b.state, count(*)::int as cases
     from callbacks b join cases k on k.id = b.case_id group by 1, 2 order by 1, 3 desc`,
  );
  const onTime = await rowsOf<{ reason: string; cases: number; share: number }>(
    pool,
    `select k.reason, count(*)::int as cases, avg((c.stopped_at <= c.due_at)::int)::float8 as share
     from cases k join case_clocks c on c.case_id = k.id and c.clock = 'answer'
     where c.stopped_at is not null group by 1 order by 1`,
  );
  const waits = await rowsOf<{
    specialty: string;
    answered: number;
    p50: number;
    p95: number;
    abandoned: number;
  }>(
    pool,
    `select specialty, count(answered_at)::int as answered,
       percentile_cont(.5) within group (order by extract(epoch from answered_at - queued_at)) as p50,
       percentile_cont(.95) within group (order by extract(epoch from answered_at - queued_at)) as p95,
       (count(*) filter (where ending = 'abandoned'))::int as abandoned
     from calls where direction = 'inbound' and queued_at is not null group by 1 order by 1`,
  );
  const told = await query<{
    specialty: string;
    told: number;
    answered: number;
    inside: number;
    sooner: number;
    later: number;
    missSeconds: number | null;
  }>(pool, 'routing/told-waits', [null, null]);
  const unanswered = await listUnanswered(pool, {
    ...{ now: ended.now, after: null, from: null, to: null, limit: 1000 },
  });
  const [odd] = await rowsOf<{ count: number }>(
    pool,
    `select count(*)::int as count from (
       select e.call_id from call_entries e group by 1 having count(*) filter (where e.kind = 'call.ended') <> 1
     ) as odd`,
  );
  const inbound = endings.reduce((sum, { calls }) => sum + calls, 0);
  const judged = told.reduce((sum, row) => sum + row.answered, 0);
  const inside = told.reduce((sum, row) => sum + row.inside, 0);
  tell(
    table(
      ['ending', 'calls'],
      endings.map((row) => [row.ending, row.calls]),
    ),
  );
  tell(
    table(
      ['attempt to call back', 'calls'],
      attempts.map((row) => [row.result, row.calls]),
    ),
  );
  tell(
    table(
      ['promised for', 'callback', 'cases'],
      promises.map((row) => [row.reason, row.state, row.cases]),
    ),
  );
  tell(
    table(
      ['case', 'answered', 'in time'],
      onTime.map((row) => [row.reason, row.cases, rounded(row.share)]),
    ),
  );
  tell(
    table(
      [
        'specialty',
        'answered',
        'wait p50 s',
        'p95 s',
        'abandoned',
        'told',
        'inside',
        'sooner',
        'later',
        'miss s',
      ],
      waits.map((row) => {
        const said = told.find(({ specialty }) => specialty === row.specialty);
        return [
          ...[row.specialty, row.answered, rounded(row.p50), rounded(row.p95), row.abandoned],
          ...[said?.told ?? 0, said?.inside ?? 0, said?.sooner ?? 0, said?.later ?? 0],
          rounded(said?.missSeconds ?? 0),
        ];
      }),
    ),
  );
  return {
    called: ended.called,
    uncounted: ended.called - inbound,
    notEndedOnce: odd?.count ?? 0,
    unanswered: unanswered.length,
    stillOwed: ended.owed,
    escalated: ended.escalated,
    answeredByStaff: ended.answeredCases,
    endings: Object.fromEntries(endings.map(({ ending, calls }) => [ending, calls])),
    toldInside: judged === 0 ? null : rounded(inside / judged),
    promisesKeptInTime: Object.fromEntries(onTime.map(({ reason, share: part }) => [reason, rounded(part)])),
    seed: ended.seed,
  };
}

async function rowsOf<T extends object>(pool: Pool, text: string): Promise<T[]> {
  return (await pool.query<T>(text)).rows;
}
