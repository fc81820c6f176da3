import type { Pool } from 'pg';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';
import type { Schedule } from './rules.ts';
import type { WeekWindow } from './week.ts';

/** The rows of hours. Every change is effective-dated and carries its actor (`account:<id>`, `system`). */

/** Regular hours of one specialty, as they stand. */
export interface WeeklyHours {
  specialty: string;
  weekly: WeekWindow[];
  /** Since when; null: it never had any. */
  changedAt: Date | null;
  actor: string | null;
  /** For If-Match: microseconds of the last change. */
  version: number;
}

export interface OpeningRow {
  id: string;
  specialty: string | null;
  startsAt: Date;
  endsAt: Date;
  reason: string;
  createdAt: Date;
  actor: string;
}

interface OpeningColumns {
  id: string;
  specialty: string | null;
  starts_at: Date;
  ends_at: Date;
  reason: string;
  created_at: Date;
  actor: string;
}

interface WeeklyColumns {
  specialty: string;
  weekday: number;
  opens_minute: number;
  closes_minute: number;
  valid_from: Date;
  valid_to: Date | null;
}

type Change =
  { outcome: 'changed'; hours: WeeklyHours } | { outcome: 'unknown-specialty' } | { outcome: 'stale' };

/** Everything the rules need, past versions included. */
export async function readSchedule(db: Queryable, zone: string): Promise<Schedule> {
  const weekly = await query<WeeklyColumns>(db, 'hours/all-weekly');
  const openings = await query<Pick<OpeningColumns, 'specialty' | 'starts_at' | 'ends_at'>>(
    db,
    'hours/all-openings',
  );
  return {
    zone,
    weekly: weekly.map((row) => ({
      specialty: row.specialty,
      weekday: row.weekday,
      opensMinute: row.opens_minute,
      closesMinute: row.closes_minute,
      validFrom: row.valid_from.getTime(),
      validTo: row.valid_to?.getTime() ?? null,
    })),
    openings: openings.map((row) => ({
      specialty: row.specialty,
      startsAt: row.starts_at.getTime(),
      endsAt: row.ends_at.getTime(),
    })),
  };
}

export async function hasSpecialty(db: Queryable, specialty: string): Promise<boolean> {
  return (await queryOne(db, 'hours/find-specialty', [specialty])) !== null;
}

/** null: there is no such specialty. */
export async function findWeekly(db: Queryable, specialty: string): Promise<WeeklyHours | null> {
  return (await hasSpecialty(db, specialty)) ? await readWeekly(db, specialty) : null;
}

/**
 * Replaces a specialty's regular hours from now on; the old ones stay as history.
 * matches: told the present version, says whether it is the one the sender knows.
 */
export async function replaceWeekly(
  pool: Pool,
  specialty: string,
  weekly: readonly WeekWindow[],
  actor: string,
  matches: (version: number) => boolean,
): Promise<Change> {
  return await transaction(pool, async (db) => {
    if ((await queryOne(db, 'hours/lock-specialty', [specialty])) === null)
      return { outcome: 'unknown-specialty' };
    const version = await readVersion(db, specialty);
    if (!matches(Number(version.version))) return { outcome: 'stale' };
    await query(db, 'hours/close-weekly', [specialty, version.next_change]);
    const columns = [weekly.map((w) => w.weekday), weekly.map((w) => w.opens), weekly.map((w) => w.closes)];
    await query(db, 'hours/add-weekly', [specialty, ...columns, version.next_change, actor]);
    await recordAudit(db, {
      actor,
      action: 'hours.changed',
      subject: `specialty:${specialty}`,
      detail: { weekly },
    });
    return { outcome: 'changed', hours: await readWeekly(db, specialty) };
  });
}

/** A page, newest first, one row more than `limit` if there are more. after: `position` of the last row seen. */
export async function listOpenings(
  db: Queryable,
  after: string | null,
  limit: number,
): Promise<(OpeningRow & { position: string })[]> {
  const [madeBefore, id] = after?.split('/') ?? [null, null];
  const rows = await query<OpeningColumns & { position: string }>(db, 'hours/list-openings', [
    madeBefore,
    id,
    limit + 1,
  ]);
  return rows.map((row) => ({ ...openingOf(row), position: row.position }));
}

/** @throws PostgreSQL's 23503 for an unknown specialty. */
export async function addOpening(
  pool: Pool,
  opening: { specialty: string | null; startsAt: Date; endsAt: Date; reason: string },
  actor: string,
): Promise<OpeningRow> {
  const { specialty, startsAt, endsAt, reason } = opening;
  return await transaction(pool, async (db) => {
    const row = await queryOne<OpeningColumns>(db, 'hours/add-opening', [
      specialty,
      startsAt,
      endsAt,
      reason,
      actor,
    ]);
    if (row === null) throw new Error('an insert gave no row');
    await recordAudit(db, {
      actor,
      action: 'opening.added',
      subject: `opening:${row.id}`,
      detail: { ...opening },
    });
    return openingOf(row);
  });
}

/** False: no opening of that id stands. */
export async function cancelOpening(pool: Pool, id: string, actor: string): Promise<boolean> {
  return await transaction(pool, async (db) => {
    if ((await queryOne(db, 'hours/cancel-opening', [id, actor])) === null) return false;
    await recordAudit(db, { actor, action: 'opening.cancelled', subject: `opening:${id}` });
    return true;
  });
}

async function readWeekly(db: Queryable, specialty: string): Promise<WeeklyHours> {
  const weekly = await query<{ weekday: number; opens: string; closes: string }>(db, 'hours/current-weekly', [
    specialty,
  ]);
  const { version, changed_at: changedAt, actor } = await readVersion(db, specialty);
  return { specialty, weekly, changedAt, actor, version: Number(version) };
}

interface VersionColumns {
  version: string;
  changed_at: Date | null;
  actor: string | null;
  next_change: string;
}

async function readVersion(db: Queryable, specialty: string): Promise<VersionColumns> {
  const row = await queryOne<VersionColumns>(db, 'hours/weekly-version', [specialty]);
  if (row === null) throw new Error('an aggregate gave no row');
  return row;
}

function openingOf(row: OpeningColumns): OpeningRow {
  const { id, specialty, reason, actor } = row;
  return {
    id,
    specialty,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    reason,
    createdAt: row.created_at,
    actor,
  };
}
