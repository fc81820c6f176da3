import type { Pool } from 'pg';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';
import { weekColumns, type WeekWindow } from './week.ts';

/** The rows of the regular hours. Every change is effective-dated and carries its actor (`account:<id>`, `system`). */

/** Regular hours of one specialty, as they stand. */
export interface WeeklyHours {
  specialty: string;
  weekly: WeekWindow[];
  /** Changes that are planned already, the earliest first. */
  planned: { from: Date; weekly: WeekWindow[] }[];
  /** Since when they stand so; null: since the installation. */
  changedAt: Date | null;
  actor: string | null;
  /** For If-Match: counts the changes. */
  version: number;
}

interface SpecialtyColumns {
  version: number;
  changed_at: Date | null;
  actor: string | null;
}

interface LockedColumns {
  version: number;
  now: Date;
  now_exactly: string;
}

type Change =
  | { outcome: 'changed'; hours: WeeklyHours }
  | { outcome: 'unknown-specialty' }
  | { outcome: 'stale' }
  | { outcome: 'past' };

export async function hasSpecialty(db: Queryable, specialty: string): Promise<boolean> {
  return (await queryOne(db, 'hours/find-specialty', [specialty])) !== null;
}

/** null: there is no such specialty. */
export async function findWeekly(db: Queryable, specialty: string): Promise<WeeklyHours | null> {
  const found = await queryOne<SpecialtyColumns>(db, 'hours/find-specialty', [specialty]);
  if (found === null) return null;
  const rows = await query<WeekWindow & { planned_from: Date | null }>(db, 'hours/current-weekly', [
    specialty,
  ]);
  const { version, changed_at: changedAt, actor } = found;
  const hours: WeeklyHours = { specialty, weekly: [], planned: [], changedAt, actor, version };
  for (const { planned_from: from, weekday, opens, closes } of rows) {
    if (from === null) hours.weekly.push({ weekday, opens, closes });
    else if (hours.planned.at(-1)?.from.getTime() === from.getTime())
      hours.planned.at(-1)?.weekly.push({ weekday, opens, closes });
    else hours.planned.push({ from, weekly: [{ weekday, opens, closes }] });
  }
  return hours;
}

/**
 * Replaces a specialty's regular hours from an instant on, whatever was planned after it; the old ones stay as history.
 * from: null: from now on. matches: told the present version, says whether it is the one the sender knows.
 */
export async function replaceWeekly(
  pool: Pool,
  specialty: string,
  { weekly, from }: { weekly: readonly WeekWindow[]; from: Date | null },
  actor: string,
  matches: (version: number) => boolean,
): Promise<Change> {
  return await transaction(pool, async (db) => {
    const found = await queryOne<LockedColumns>(db, 'hours/lock-specialty', [specialty]);
    if (found === null) return { outcome: 'unknown-specialty' };
    if (!matches(found.version)) return { outcome: 'stale' };
    if (from !== null && from <= found.now) return { outcome: 'past' };
    const since = from ?? found.now_exactly;
    await query(db, 'hours/close-weekly', [specialty, since]);
    await query(db, 'hours/add-weekly', [specialty, ...weekColumns(weekly), since, actor]);
    await query(db, 'hours/mark-weekly', [specialty, actor]);
    const detail = { weekly, ...(from === null ? {} : { from: from.toISOString() }) };
    await recordAudit(db, { actor, action: 'hours.changed', subject: `specialty:${specialty}`, detail });
    const hours = await findWeekly(db, specialty);
    if (hours === null) throw new Error('a locked row is gone');
    return { outcome: 'changed', hours };
  });
}
