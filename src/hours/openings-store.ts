import type { Pool } from 'pg';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';
import type { ClosureKind } from './rules.ts';

/**
 * The rows of what is decided for once: exceptional openings and closures on the spot. They keep the start they were given, and
 * are told with that from which they count: the moment they were made at the earliest, for what was is not changed afterwards.
 */

/** A closure may have no end yet. */
export interface OpeningRow {
  id: string;
  specialty: string | null;
  startsAt: Date;
  endsAt: Date;
  reason: string;
  createdAt: Date;
  actor: string;
}
export type ClosureRow = Omit<OpeningRow, 'endsAt'> & { endsAt: Date | null; kind: ClosureKind };

interface Columns {
  id: string;
  specialty: string | null;
  starts_at: Date;
  ends_at: Date;
  reason: string;
  created_at: Date;
  actor: string;
}
type ClosureColumns = Omit<Columns, 'ends_at'> & { ends_at: Date | null; kind: ClosureKind };
type Positioned<T> = T & { position: string };

/** A page, newest first, one row more than `limit` if there are more. after: `position` of the last row seen. */
export async function listOpenings(
  db: Queryable,
  after: string | null,
  limit: number,
): Promise<Positioned<OpeningRow>[]> {
  const rows = await query<Positioned<Columns>>(db, 'hours/list-openings', [...split(after), limit + 1]);
  return rows.map((row) => ({ ...openingOf(row), position: row.position }));
}

/** As `listOpenings`. */
export async function listClosures(
  db: Queryable,
  after: string | null,
  limit: number,
): Promise<Positioned<ClosureRow>[]> {
  const rows = await query<Positioned<ClosureColumns>>(db, 'hours/list-closures', [
    ...split(after),
    limit + 1,
  ]);
  return rows.map((row) => ({ ...closureOf(row), position: row.position }));
}

/** @throws PostgreSQL's 23503 for an unknown specialty. */
export async function addOpening(
  pool: Pool,
  opening: Pick<OpeningRow, 'specialty' | 'startsAt' | 'endsAt' | 'reason'>,
  actor: string,
): Promise<OpeningRow> {
  const { specialty, startsAt, endsAt, reason } = opening;
  const values = [specialty, startsAt, endsAt, reason, actor];
  return openingOf(await add<Columns>(pool, 'opening', 'hours/add-opening', values, { ...opening }, actor));
}

/** @throws PostgreSQL's 23503 for an unknown specialty. */
export async function addClosure(
  pool: Pool,
  closure: Pick<ClosureRow, 'specialty' | 'kind' | 'startsAt' | 'endsAt' | 'reason'>,
  actor: string,
): Promise<ClosureRow> {
  const { specialty, kind, startsAt, endsAt, reason } = closure;
  const values = [specialty, kind, startsAt, endsAt, reason, actor];
  const added = add<ClosureColumns>(pool, 'closure', 'hours/add-closure', values, { ...closure }, actor);
  return closureOf(await added);
}

/** False: none of that id stands. */
export const cancelOpening = (pool: Pool, id: string, actor: string): Promise<boolean> =>
  cancel(pool, 'opening', 'hours/cancel-opening', id, actor);

/** False: none of that id stands. */
export const cancelClosure = (pool: Pool, id: string, actor: string): Promise<boolean> =>
  cancel(pool, 'closure', 'hours/cancel-closure', id, actor);

async function add<Row extends { id: string }>(
  pool: Pool,
  noun: 'opening' | 'closure',
  statement: string,
  values: readonly unknown[],
  detail: Readonly<Record<string, unknown>>,
  actor: string,
): Promise<Row> {
  return await transaction(pool, async (db) => {
    const row = await queryOne<Row>(db, statement, values);
    if (row === null) throw new Error('an insert gave no row');
    await recordAudit(db, { actor, action: `${noun}.added`, subject: `${noun}:${row.id}`, detail });
    return row;
  });
}

async function cancel(
  pool: Pool,
  noun: 'opening' | 'closure',
  statement: string,
  id: string,
  actor: string,
): Promise<boolean> {
  return await transaction(pool, async (db) => {
    if ((await queryOne(db, statement, [id, actor])) === null) return false;
    await recordAudit(db, { actor, action: `${noun}.cancelled`, subject: `${noun}:${id}` });
    return true;
  });
}

/** A position: when the row was made, and its id. */
export function split(position: string | null): [madeBefore: string | null, id: string | null] {
  const [madeBefore = null, id = null] = position?.split('/') ?? [];
  return [madeBefore, id];
}

function openingOf({ starts_at, ends_at, created_at, ...row }: Columns): OpeningRow {
  const { id, specialty, reason, actor } = row;
  return { id, specialty, startsAt: starts_at, endsAt: ends_at, reason, createdAt: created_at, actor };
}

function closureOf({ starts_at, ends_at, created_at, ...row }: ClosureColumns): ClosureRow {
  const { id, specialty, kind, reason, actor } = row;
  return { id, specialty, kind, startsAt: starts_at, endsAt: ends_at, reason, createdAt: created_at, actor };
}
