import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Log } from '../log.ts';
import { codeOf, fault, messageOf } from './fault.ts';
import { checkLocale } from './pool.ts';
import { projectPath } from './root.ts';
import { query } from './sql.ts';

/*
 * Why not node-pg-migrate: it writes a migration's row after running it, lets a program start on a schema newer than
 * its own files, does not notice a file that was changed after it was run, and keeps its lock on the session, which a
 * connection pooler in between would lose. What is needed of it is one transaction a file, which is this page.
 */

interface Migration {
  name: string;
  sha256: string;
  sql: string;
}

/**
 * Brings the schema up to this program's files, each in a transaction of its own. Any number of starters may do so at
 * once: one runs a file, the others wait and find it done.
 * @returns the names of the files this call has run.
 * @throws `database-away` (try again later), `database-locale`, `schema-newer` (the database was used by a newer
 *   program), `migration-changed` (a file differs from what was run), `migration-failed`.
 */
export async function migrate(
  url: string,
  log: Log,
  folder = projectPath('sql', 'migrations'),
): Promise<string[]> {
  const migrations = readMigrations(folder);
  const client = new pg.Client({
    connectionString: url,
    application_name: 'clinic-137-migrate',
    connectionTimeoutMillis: 5000,
  });
  client.on('error', (error) => log.warn({ detail: error.message }, 'migration-connection.lost'));
  await client.connect().catch((error: unknown) => {
    throw fault('database-away', `PostgreSQL cannot be reached: ${messageOf(error)}`, error);
  });
  try {
    await checkLocale(client);
    const run: string[] = [];
    // An empty folder is checked against the database too.
    for (const migration of [null, ...migrations]) {
      if (await step(client, migrations, migration)) {
        run.push(migration?.name ?? '');
        log.info({ migration: migration?.name }, 'migration.run');
      }
    }
    return run;
  } finally {
    await client.end();
  }
}

/** Runs one file unless it was run before; null only checks. True if it was run now. */
async function step(
  client: pg.Client,
  known: readonly Migration[],
  migration: Migration | null,
): Promise<boolean> {
  await client.query('begin');
  try {
    await query(client, 'platform/migration-lock');
    await query(client, 'platform/migration-table');
    check(known, await query<{ name: string; sha256: string }>(client, 'platform/migrations-run'));
    const claimed =
      migration !== null &&
      (await query(client, 'platform/migration-insert', [migration.name, migration.sha256])).length === 1;
    if (claimed) await client.query(migration.sql);
    await client.query('commit');
    return claimed;
  } catch (error) {
    await client.query('rollback').catch((lost: unknown) => {
      throw fault('database-away', `PostgreSQL was lost during a migration: ${messageOf(lost)}`, error);
    });
    if (['schema-newer', 'migration-changed'].includes(codeOf(error) ?? '')) throw error;
    throw fault(
      'migration-failed',
      `${migration?.name ?? 'The list of migrations'}: ${messageOf(error)}`,
      error,
    );
  }
}

function check(known: readonly Migration[], run: readonly { name: string; sha256: string }[]): void {
  for (const { name, sha256 } of run) {
    const file = known.find((migration) => migration.name === name);
    if (file === undefined) {
      throw fault(
        'schema-newer',
        `The database has migration ${name}, which this program does not know: start the newer program`,
      );
    }
    if (file.sha256 !== sha256)
      throw fault('migration-changed', `${name} was changed after it was run; add a new file instead`);
  }
}

/** `000001_name.sql` …, in order; line ends are made equal so that a checkout on another system has the same sum. */
function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return files.sort().map((name) => {
    if (!/^[0-9]{6}_[a-z0-9-]+\.sql$/.test(name))
      throw fault('migration-failed', `${name} is not named 000001_like-this.sql`);
    const sql = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n');
    return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}
