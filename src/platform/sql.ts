import { readFileSync } from 'node:fs';
import type { ClientBase, Pool, QueryResultRow } from 'pg';
import { codeOf, fault } from './fault.ts';
import { projectPath } from './root.ts';

/**
 * Statements live in sql/queries/<room>/<name>.sql, one a file, each with a head of comment lines:
 *
 *     -- What it is for, in a sentence or two.
 *     -- params: $1 call id uuid, $2 limit integer        (or: none)
 *     -- rows: id uuid, entered_at timestamptz            (or: none; column names, each with its type)
 *
 * A test prepares every file against the migrated schema and compares the columns with the `rows` line.
 */
export type Queryable = Pick<Pool | ClientBase, 'query'>;

const statements = new Map<string, string>();

/** The text of a statement, e.g. `loadStatement('calls/find-call')`; read once. */
export function loadStatement(name: string): string {
  const known = statements.get(name);
  if (known !== undefined) return known;
  if (!/^[a-z-]+\/[a-z0-9-]+$/.test(name)) throw fault('statement-unknown', `${name} is no statement's name`);
  const text = readFileSync(projectPath('sql', 'queries', `${name}.sql`), 'utf8');
  statements.set(name, text);
  return text;
}

/**
 * Runs a statement file, prepared once per connection.
 * @param Row the row's shape, as the file's `rows` line tells it. timestamptz arrives as Date, bigint as string.
 */
export async function query<Row extends QueryResultRow>(
  db: Queryable,
  name: string,
  params: readonly unknown[] = [],
): Promise<Row[]> {
  const result = await db.query<Row>({ name, text: loadStatement(name), values: [...params] });
  return result.rows;
}

/** Like `query`, for statements that give one row or none. */
export async function queryOne<Row extends QueryResultRow>(
  db: Queryable,
  name: string,
  params: readonly unknown[] = [],
): Promise<Row | null> {
  return (await query<Row>(db, name, params))[0] ?? null;
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
export async function transaction<T>(pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((lost: Error) => {
      broken = lost;
    });
    throw error;
  } finally {
    // A connection that could not roll back is thrown away, not lent to the next one.
    client.release(broken);
  }
}

/**
 * True when PostgreSQL refused the values themselves (class 22 data exception, 23 constraint violation, 54 too
 * large): trying again cannot help. Everything else (connection, resources, locks, a missing table) may be mended from outside.
 */
export function isDataFault(error: unknown): boolean {
  return /^(22|23|54)[0-9A-Z]{3}$/.test(codeOf(error) ?? '');
}
