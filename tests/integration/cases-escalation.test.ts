import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pool } from 'pg';
import { listUnanswered, readCaseFigures } from '../../src/cases/store.ts';
import type { CaseStory } from '../../src/cases/service.ts';
import { addClosure } from '../../src/hours/openings-store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { casesOn, minute, tell, type TestCases } from '../support/cases.ts';
import { createTestDatabase } from '../support/database.ts';
import { recordingLog, silentLog } from '../support/silent-log.ts';

/** Deadlines in working time, and that somebody hears of each before it passes. */

let pool: Pool;
let own: TestCases;
const { log, lines } = recordingLog();
const HOURS = 60;
/** What is beyond every deadline of a case. */
const YEAR = 365 * 24 * HOURS;

beforeEach(async () => {
  pool = createPool(await createTestDatabase(), silentLog);
  own = await casesOn(pool, log);
  lines.length = 0;
});
afterEach(async () => {
  await own.hours.close();
  await pool.end();
});

async function opened(): Promise<string> {
  await tell(pool, { at: 0, ending: 'failed' });
  await own.cases.openDue();
  return (await own.cases.list({ after: null, limit: 1 }))[0]!.id;
}
const storyOf = async (id: string): Promise<CaseStory> => (await own.cases.find(id))!;
const escalations = async (id: string) =>
  (await storyOf(id)).history.filter(({ kind }) => kind === 'case.escalated').map(({ data }) => data);
const unanswered = async () =>
  listUnanswered(pool, {
    now: new Date(own.clock.now()),
    ...{ after: null, from: null, to: null, limit: 100 },
  });
const figures = () => readCaseFigures(pool, own.clock.now());

/** madeAt: as these tests have their own time; when it starts, if not given. */
async function closed(span: {
  specialty: string | null;
  startsAt: string;
  endsAt: string;
  madeAt?: string;
}): Promise<void> {
  const times = { startsAt: new Date(span.startsAt), endsAt: new Date(span.endsAt) };
  const closure = { specialty: span.specialty, ...times, kind: 'snow', reason: 'برف' } as const;
  const { id } = await addClosure(pool, closure, 'system');
  await pool.query('update closures set created_at = $2 where id = $1', [id, span.madeAt ?? span.startsAt]);
}
const neverClosed = () => pool.query(`update closures set cancelled_at = starts_at, cancelled_by = 'system'`);

/** Somebody who may do everything. */
async function supervisor() {
  const accountId = '01890000-0000-7000-8000-000000000001';
  await pool.query(
    `insert into accounts (id, username, password_hash, role, name) values ($1, 's', '-', 'supervisor', 's')`,
    [accountId],
  );
  const who = { accountId, actor: `account:${accountId}`, role: 'supervisor' } as const;
  return (id: string, action: 'triage' | 'answer' | 'ask-citizen' | 'citizen-replied' | 'close') =>
    own.cases.act(id, { action, note: 'یادداشت', citizenAt: null }, who, () => true);
}

describe('a deadline', () => {
  test('is escalated when four fifths are used up, once, before it passes', async () => {
    const id = await opened();
    own.setTime(47);
    expect(await own.cases.escalateDue()).toBe(0);
    own.setTime(48);
    expect(await own.cases.escalateDue()).toBe(1);
    expect(await own.cases.escalateDue()).toBe(0);
    expect(await escalations(id)).toEqual([{ clock: 'acknowledge', dueAt: minute(60) }]);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'case.escalated', caseId: id, clock: 'acknowledge' }),
    );
    own.setTime(61);
    expect(await unanswered()).toEqual([]);
    expect(await figures()).toMatchObject({ overdue: 1, unescalated: 0 });
  });

  test('that passed while nobody looked is in the report until somebody is told', async () => {
    const id = await opened();
    own.setTime(YEAR);
    expect((await unanswered()).map(({ caseId, clock }) => [caseId, clock])).toEqual([
      ...[
        [id, 'resolve'],
        [id, 'answer'],
        [id, 'acknowledge'],
      ],
    ]);
    expect(await figures()).toMatchObject({ overdue: 1, unescalated: 1 });
    expect(await own.cases.escalateDue()).toBe(3);
    expect(await unanswered()).toEqual([]);
    expect((await storyOf(id)).escalatedAt).toEqual(new Date(own.clock.now()));
  });

  test('of a case opened too late is escalated with it', async () => {
    own.setTime(YEAR);
    const id = await opened();
    expect(await escalations(id)).toHaveLength(3);
    expect(await unanswered()).toEqual([]);
  });

  test('that was met in time is not', async () => {
    const act = await supervisor();
    const id = await opened();
    own.setTime(40);
    await act(id, 'triage');
    await act(id, 'answer');
    await act(id, 'close');
    own.setTime(YEAR);
    expect(await own.cases.escalateDue()).toBe(0);
    expect(await figures()).toEqual({ byState: new Map(), overdue: 0, unescalated: 0 });
  });

  test('stands still while the citizen is asked, and is another one afterwards', async () => {
    const act = await supervisor();
    const id = await opened();
    await act(id, 'ask-citizen');
    own.setTime(YEAR);
    expect(await own.cases.escalateDue()).toBe(0);
    expect((await storyOf(id)).clocks.map(({ dueAt }) => dueAt)).toEqual([
      ...[new Date(minute(60)), null, null],
    ]);
    await act(id, 'citizen-replied');
    own.setTime(YEAR + 24 * HOURS);
    await own.cases.escalateDue();
    expect(await escalations(id)).toMatchObject([{ clock: 'answer' }]);
  });

  test('does not run on a day the clinic is closed, also where that is known late', async () => {
    const id = await opened();
    await closed({ specialty: 'transport', startsAt: minute(20), endsAt: minute(24 * HOURS) });
    await own.hours.reload();
    own.setTime(50);
    expect(await own.cases.escalateDue()).toBe(0);
    const [acknowledge, , resolve] = (await storyOf(id)).clocks;
    expect(acknowledge!.dueAt).toEqual(new Date(minute(24 * HOURS + 40)));
    const before = resolve!.dueAt;
    await neverClosed();
    await own.hours.reload();
    await own.cases.refreshAll();
    expect((await storyOf(id)).clocks[2]!.dueAt!.getTime()).toBeLessThan(before!.getTime());
    expect(await escalations(id)).toEqual([{ clock: 'acknowledge', dueAt: minute(60) }]);
  });

  test('that has passed stays where it was, whatever start a closure is given afterwards', async () => {
    const id = await opened();
    own.setTime(70);
    await closed({ specialty: null, startsAt: minute(20), endsAt: minute(24 * HOURS), madeAt: minute(70) });
    await own.hours.reload();
    await own.cases.refreshAll();
    const [acknowledge, answer] = (await storyOf(id)).clocks;
    expect(acknowledge!.dueAt).toEqual(new Date(minute(60)));
    expect((await figures()).overdue).toBe(1);
    // What had not passed stands still for as long as it is closed.
    expect(answer!.dueAt!.getTime()).toBeGreaterThan(Date.parse(minute(24 * HOURS)));
  });

  test('that comes again, as hours change and change back, is not told twice', async () => {
    const id = await opened();
    own.setTime(50);
    await own.cases.escalateDue();
    await closed({ specialty: null, startsAt: minute(55), endsAt: minute(57) });
    await own.hours.reload();
    await own.cases.refreshAll();
    await neverClosed();
    await own.hours.reload();
    await own.cases.refreshAll();
    expect(await escalations(id)).toEqual([
      { clock: 'acknowledge', dueAt: minute(60) },
      { clock: 'acknowledge', dueAt: minute(62) },
    ]);
  });

  test('is told once by two processes at once', async () => {
    const id = await opened();
    const other = await casesOn(pool);
    own.setTime(50);
    other.setTime(50);
    await Promise.all([own.cases.escalateDue(), other.cases.escalateDue(), own.cases.refreshAll()]);
    await other.hours.close();
    expect(await escalations(id)).toHaveLength(1);
  });
});
