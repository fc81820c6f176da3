import type { Pool } from 'pg';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';

/** The rows of listed numbers. The audit names neither number nor reason: it is kept when these are erased, and read by more. */

export interface ListedRow {
  id: string;
  /** E.164; null: erased, as the reason is. */
  number: string | null;
  reason: string | null;
  startsAt: Date;
  /** null: until it is ended. */
  until: Date | null;
  actor: string;
  endedAt: Date | null;
  endedBy: string | null;
}

type Row = Record<string, unknown>;

/** What counts now or will have counted: a number once, until the latest of its ends. */
export const readListed = (db: Queryable) =>
  query<{ number: string; until: Date | null }>(db, 'nuisance/listed');

/**
 * A page, newest first, one row more than `limit` if there are more. after: `position` of the last row seen. now: only those in
 * force then; null: all there ever were.
 */
export function listNumbers(
  db: Queryable,
  { after, now, limit }: { after: string | null; now: Date | null; limit: number },
): Promise<(ListedRow & { position: string })[]> {
  const [startedBefore = null, id = null] = after?.split('/') ?? [];
  return query<ListedRow & { position: string } & Row>(db, 'nuisance/list-numbers', [
    ...[startedBefore, id, now, limit + 1],
  ]);
}

/** null: the number is listed already. */
export async function addNumber(
  pool: Pool,
  { number, reason, until }: { number: string; reason: string; until: Date | null },
  actor: string,
): Promise<ListedRow | null> {
  return transaction(pool, async (db) => {
    await query(db, 'nuisance/lock-number', [number]);
    const row = await queryOne<ListedRow & Row>(db, 'nuisance/add-number', [number, reason, until, actor]);
    if (row === null) return null;
    const detail = { until: until?.toISOString() ?? null };
    await recordAudit(db, { actor, action: 'nuisance.listed', subject: `nuisance:${row.id}`, detail });
    return row;
  });
}

/** From now on. False: none of that id is in force. */
export async function endNumber(pool: Pool, id: string, actor: string): Promise<boolean> {
  return transaction(pool, async (db) => {
    const row = await queryOne<{ number: string }>(db, 'nuisance/end-number', [id, actor]);
    if (row === null) return false;
    await recordAudit(db, { actor, action: 'nuisance.ended', subject: `nuisance:${id}`, detail: {} });
    return true;
  });
}
