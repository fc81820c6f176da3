import type { Pool } from 'pg';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';

/** The rows of overflow: which specialties' experts help out another one. Effective-dated; every change has its actor. */

export interface Helper {
  specialty: string;
  /** How long a citizen has waited before they are asked. */
  afterSeconds: number;
}

export interface OverflowRow {
  /** The specialty that is helped out. */
  specialty: string;
  version: number;
  /** The soonest first. */
  helpers: Helper[];
}

/** In the order of the menu; specialty null: all of them. */
export async function listOverflow(db: Queryable, specialty: string | null): Promise<OverflowRow[]> {
  return await query<OverflowRow & Record<string, unknown>>(db, 'routing/overflow', [specialty]);
}

/**
 * Replaces what helps a specialty out, from now on. matches: whether this is the version the sender knows.
 * @throws PostgreSQL's 23503 for an unknown helper, 23514 for a specialty that helps itself.
 */
export async function replaceOverflow(
  pool: Pool,
  specialty: string,
  helpers: readonly Helper[],
  actor: string,
  matches: (version: number) => boolean,
): Promise<OverflowRow | 'unknown-specialty' | 'stale'> {
  return await transaction(pool, async (db) => {
    const found = await queryOne<{ version: number }>(db, 'routing/lock-overflow', [specialty]);
    if (found === null) return 'unknown-specialty';
    if (!matches(found.version)) return 'stale';
    await query(db, 'routing/close-overflow', [specialty]);
    const columns = [helpers.map((one) => one.specialty), helpers.map((one) => one.afterSeconds)];
    await query(db, 'routing/open-overflow', [specialty, ...columns, actor]);
    await query(db, 'routing/mark-overflow', [specialty]);
    const detail = { helpers };
    await recordAudit(db, { actor, action: 'overflow.changed', subject: `specialty:${specialty}`, detail });
    const [row] = await listOverflow(db, specialty);
    if (row === undefined) throw new Error('a locked row is gone');
    return row;
  });
}
