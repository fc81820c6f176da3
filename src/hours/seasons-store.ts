import type { Pool } from 'pg';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';
import { split } from './openings-store.ts';
import { weekColumns, type WeekWindow } from './week.ts';

/** The rows of seasons: days on which other hours than the regular ones count. A season is not changed but taken back. */

export interface NewSeason {
  /** null: every specialty. */
  specialty: string | null;
  title: string;
  /** First and last day, ISO dates of the clinic's zone. */
  startsOn: string;
  endsOn: string;
  weekly: readonly WeekWindow[];
}

export interface SeasonRow extends NewSeason {
  id: string;
  createdAt: Date;
  actor: string;
  position: string;
}

interface Columns {
  id: string;
  specialty: string | null;
  title: string;
  starts_on: string;
  ends_on: string;
  weekly: WeekWindow[];
  created_at: Date;
  actor: string;
  position: string;
}

type Added =
  | { outcome: 'added'; id: string }
  /** Two seasons at once of the same scope would contradict each other. */
  | { outcome: 'overlapping'; title: string; startsOn: string; endsOn: string };

/** A page, newest first, one row more than `limit` if there are more. after: `position` of the last row seen. */
export async function listSeasons(db: Queryable, after: string | null, limit: number): Promise<SeasonRow[]> {
  const rows = await query<Columns>(db, 'hours/list-seasons', [...split(after), limit + 1]);
  return rows.map(({ starts_on, ends_on, created_at, ...row }) => {
    const { id, specialty, title, weekly, actor, position } = row;
    const days = { startsOn: starts_on, endsOn: ends_on };
    return { id, specialty, title, ...days, weekly, createdAt: created_at, actor, position };
  });
}

/** @throws PostgreSQL's 23503 for an unknown specialty. */
export async function addSeason(pool: Pool, season: NewSeason, actor: string): Promise<Added> {
  const { specialty, title, startsOn, endsOn, weekly } = season;
  return await transaction(pool, async (db) => {
    await query(db, 'hours/lock-seasons');
    const other = await queryOne<{ title: string; starts_on: string; ends_on: string }>(
      db,
      'hours/overlapping-season',
      [specialty, startsOn, endsOn],
    );
    if (other !== null)
      return {
        ...{ outcome: 'overlapping', title: other.title },
        ...{ startsOn: other.starts_on, endsOn: other.ends_on },
      };
    const row = await queryOne<{ id: string }>(db, 'hours/add-season', [
      ...[specialty, title, startsOn, endsOn, actor],
    ]);
    if (row === null) throw new Error('an insert gave no row');
    await query(db, 'hours/add-season-hours', [row.id, ...weekColumns(weekly)]);
    const detail = { ...season };
    await recordAudit(db, { actor, action: 'season.added', subject: `season:${row.id}`, detail });
    return { outcome: 'added', id: row.id };
  });
}

/** False: none of that id stands. */
export async function cancelSeason(pool: Pool, id: string, actor: string): Promise<boolean> {
  return await transaction(pool, async (db) => {
    if ((await queryOne(db, 'hours/cancel-season', [id, actor])) === null) return false;
    await recordAudit(db, { actor, action: 'season.cancelled', subject: `season:${id}` });
    return true;
  });
}
