import pg from 'pg';
import type { Log } from '../log.ts';
import { fault, messageOf } from './fault.ts';
import { queryOne, type Queryable } from './sql.ts';

const STATEMENT_TIMEOUT_MS = 10_000;

export interface PoolOptions {
  /** Connections at most. A process with every role keeps six of them listening for changes. */
  max?: number;
  /** Longest wait for a free connection; shorter than a citizen's patience, long enough for a busy second. */
  connectWithinMs?: number;
}

/**
 * A pool of connections to PostgreSQL. PostgreSQL need not be there yet: a request fails after `connectWithinMs`, the
 * next one tries anew. Every new connection is checked once by `checkLocale`.
 * @param url `postgres://user:secret@host:port/database`
 */
export function createPool(
  url: string,
  log: Log,
  { max = 12, connectWithinMs = 3000 }: PoolOptions = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: 'clinic-137',
    // Every statement here is short; compiling one that PostgreSQL takes for long takes longer than the statement.
    options: '-c jit=off',
    connectionTimeoutMillis: connectWithinMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // The server cancels at statement_timeout; a server that is gone cannot, so the client gives up shortly after.
    query_timeout: STATEMENT_TIMEOUT_MS + 2000,
    idle_in_transaction_session_timeout: 30_000,
    lock_timeout: 5000,
    verify: (client, done) => {
      checkLocale(client).then(
        () => done(),
        (error: unknown) => done(error instanceof Error ? error : fault('database-failed', messageOf(error))),
      );
    },
  });
  // A connection in use that breaks fails its query; unheard, the event beside it would end the process.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ detail: error.message }, 'database-connection.lost'));
  });
  // Idle connections that break are replaced at the next request; unheard, this event would end the process.
  pool.on('error', (error) => log.warn({ detail: error.message }, 'database-connection.lost'));
  return pool;
}

/**
 * Persian text needs a UTF-8 database whose character classes know more than ASCII: under the `C` locale pg_trgm finds
 * no trigram in it at all, and the search would be silently empty.
 * @throws `database-locale`
 */
export async function checkLocale(db: Queryable): Promise<void> {
  const row = await queryOne<{ encoding: string; ctype: string }>(db, 'platform/database-locale');
  if (row !== null && row.encoding === 'UTF8' && !['C', 'POSIX'].includes(row.ctype)) return;
  throw fault(
    'database-locale',
    `The database has encoding ${row?.encoding ?? '?'} and character type ${row?.ctype ?? '?'}; ` +
      'create it with encoding UTF8 and a UTF-8 locale such as C.UTF-8',
  );
}
