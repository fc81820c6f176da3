import type { ClientBase, Pool } from 'pg';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';

/** The rows of holidays no rule tells, and the switch that closes on holidays. */

export interface HolidayRow {
  id: string;
  /** ISO date. */
  date: string;
  title: string;
  /** Date of the lunar calendar, `1447-01-10`; null: declared. */
  lunar: string | null;
  /** False: the moon may still move it by a day. */
  confirmed: boolean;
  version: number;
}

export interface HolidayClosing {
  closed: boolean;
  changedAt: Date;
  actor: string;
}

type Change<T> =
  | { outcome: 'changed'; row: T }
  | { outcome: 'unknown' }
  | { outcome: 'stale' }
  /** Its day has begun: the clinic was open in the hours that are over, or it was not. */
  | { outcome: 'past' }
  /** The day it was to be moved to has. */
  | { outcome: 'to-past' };

/** today: the clinic's, an ISO date. matches: told the present version, says whether it is the one the sender knows. */
interface Asked {
  id: string;
  actor: string;
  today: string;
  matches: (version: number) => boolean;
}

/** first, last: ISO dates, both included. In order. */
export const listHolidays = (db: Queryable, first: string, last: string): Promise<HolidayRow[]> =>
  query<HolidayRow>(db, 'hours/list-holidays', [first, last]);

/** @throws PostgreSQL's 23505 where the same holiday stands on that day. */
export async function addHoliday(
  pool: Pool,
  { date, title }: { date: string; title: string },
  actor: string,
): Promise<HolidayRow> {
  return await transaction(pool, async (db) => {
    const row = await queryOne<HolidayRow>(db, 'hours/add-holiday', [date, title, actor]);
    if (row === null) throw new Error('an insert gave no row');
    const subject = `holiday:${row.id}`;
    await recordAudit(db, { actor, action: 'holiday.added', subject, detail: { date, title } });
    return row;
  });
}

export async function changeHoliday(
  pool: Pool,
  asked: Asked,
  change: { date?: string; confirmed?: boolean },
): Promise<Change<HolidayRow>> {
  const { id, actor } = asked;
  return await onHoliday(pool, asked, change.date, async (db, found) => {
    const [date, confirmed] = [change.date ?? found.date, change.confirmed ?? found.confirmed];
    const row = await queryOne<HolidayRow>(db, 'hours/change-holiday', [id, date, confirmed]);
    if (row === null) throw new Error('a locked row is gone');
    const before = { date: found.date, confirmed: found.confirmed };
    const detail = { before, after: { date, confirmed } };
    await recordAudit(db, { actor, action: 'holiday.changed', subject: `holiday:${id}`, detail });
    return row;
  });
}

export async function withdrawHoliday(pool: Pool, asked: Asked): Promise<Change<HolidayRow>> {
  const { id, actor } = asked;
  return await onHoliday(pool, asked, null, async (db, found) => {
    await query(db, 'hours/withdraw-holiday', [id, actor]);
    const detail = { date: found.date, title: found.title };
    await recordAudit(db, { actor, action: 'holiday.withdrawn', subject: `holiday:${id}`, detail });
    return found;
  });
}

/** date: where it goes; null: nowhere, it is taken back; undefined: it stays where it is. */
async function onHoliday(
  pool: Pool,
  { id, today, matches }: Asked,
  date: string | null | undefined,
  work: (db: ClientBase, found: HolidayRow) => Promise<HolidayRow>,
): Promise<Change<HolidayRow>> {
  return await transaction(pool, async (db) => {
    const found = await queryOne<HolidayRow>(db, 'hours/find-holiday', [id]);
    if (found === null) return { outcome: 'unknown' };
    if (!matches(found.version)) return { outcome: 'stale' };
    const stays = date === undefined || date === found.date;
    if (found.date < today || (found.date === today && !stays)) return { outcome: 'past' };
    if (!stays && date !== null && date <= today) return { outcome: 'to-past' };
    return { outcome: 'changed', row: await work(db, found) };
  });
}

interface ClosingColumns {
  closed: boolean;
  changed_at: Date;
  actor: string;
}

export async function readHolidayClosing(db: Queryable): Promise<HolidayClosing> {
  const row = await queryOne<ClosingColumns>(db, 'hours/holiday-closing');
  if (row === null) throw new Error('the switch has no position');
  return closingOf(row);
}

/** From now on; the same position as before changes nothing. */
export async function setHolidayClosing(pool: Pool, closed: boolean, actor: string): Promise<HolidayClosing> {
  return await transaction(pool, async (db) => {
    const before = await readHolidayClosing(db);
    if (before.closed === closed) return before;
    const ended = await queryOne<{ until: Date }>(db, 'hours/end-holiday-closing');
    const row = await queryOne<ClosingColumns>(db, 'hours/add-holiday-closing', [
      ...[closed, ended?.until, actor],
    ]);
    if (row === null) throw new Error('an insert gave no row');
    await recordAudit(db, {
      ...{ actor, action: 'holiday-closing.changed', subject: 'holidays', detail: { closed } },
    });
    return closingOf(row);
  });
}

const closingOf = ({ closed, changed_at, actor }: ClosingColumns): HolidayClosing => ({
  ...{ closed, changedAt: changed_at, actor },
});
