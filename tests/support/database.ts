import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { migrate } from '../../src/platform/migrate.ts';
import { projectPath } from '../../src/platform/root.ts';
import { services } from './services.ts';
import { waitFor } from './wait.ts';

const IN_USE = '55006';
const NOT_ALLOWED = '42501';
let made = 0;

/**
 * A database of its own with the whole schema, cloned from a template that is migrated once per state of the
 * migrations. Databases of test processes that have ended are dropped here, so none has to clean up after itself.
 * @returns its URL.
 */
export async function createTestDatabase(): Promise<string> {
  const { postgresUrl } = services();
  return withMaintenance(postgresUrl, async (client) => {
    const template = await ensureTemplate(client, postgresUrl);
    const name = `test_${process.pid}_${++made}`;
    await client.query(`create database ${name} template ${template}`);
    return databaseUrl(postgresUrl, name);
  });
}

/** An empty database; `options` go to CREATE DATABASE, e.g. `lc_ctype 'C' template template0`. */
export async function createEmptyDatabase(options = ''): Promise<string> {
  const { postgresUrl } = services();
  return withMaintenance(postgresUrl, async (client) => {
    const name = `test_${process.pid}_${++made}`;
    await client.query(`create database ${name} ${options}`);
    return databaseUrl(postgresUrl, name);
  });
}

async function ensureTemplate(client: pg.Client, url: string): Promise<string> {
  const folder = projectPath('sql', 'migrations');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  const name = `clinic_template_${hash.digest('hex').slice(0, 12)}`;
  const found = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (found.rowCount === 1) return name;
  // Migrated under another name first: what bears the template's name is complete.
  const raw = `test_${process.pid}_${++made}`;
  await client.query(`create database ${raw}`);
  await migrate(databaseUrl(url, raw), pino({ level: 'silent' }));
  await waitFor(() => renamed(client, raw, name));
  return name;
}

/** PostgreSQL ends a connection a moment after its client has; until then the database counts as used. */
async function renamed(client: pg.Client, from: string, to: string): Promise<boolean> {
  try {
    await client.query(`alter database ${from} rename to ${to}`);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === IN_USE) return false;
    throw error;
  }
}

/** One at a time over all test processes: a template cannot be cloned while it is being used. */
async function withMaintenance<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl(url, 'postgres') });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(8137138)');
    await dropLeftovers(client);
    return await work(client);
  } finally {
    await client.end();
  }
}

async function dropLeftovers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    "select datname from pg_database where datname ~ '^test_[0-9]+_[0-9]+$'",
  );
  for (const { datname } of rows) {
    const pid = Number(datname.split('_')[1]);
    if (!isAlive(pid)) await drop(client, datname);
  }
}

/** While PostgreSQL's own cleaning is at work there, which is not ours to end, it is left for the next one to drop. */
async function drop(client: pg.Client, name: string): Promise<void> {
  try {
    await client.query(`drop database if exists ${name} with (force)`);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== NOT_ALLOWED && code !== IN_USE) throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function databaseUrl(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
