import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectPath } from '../../src/platform/root.ts';
import { postgresEnv } from '../../src/stack/database-url.mjs';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';

/** Backup and restore as their commands, on real databases and files. The whole way with calls: tests/line/backup.test.ts. */

const run = promisify(execFile);
let folder: string;
let url: string;
let backups: string;
let recordings: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-backup-'));
  backups = join(folder, 'backups');
  recordings = join(folder, 'recordings');
  url = await createTestDatabase();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  stderr: string;
  told: Record<string, unknown>;
}

async function command(program: string, args: string[], env: Record<string, string>): Promise<Ended> {
  const { stdout, stderr, code } = await run(
    process.execPath,
    [projectPath('src', 'stack', program), ...args],
    {
      env: { PATH: process.env['PATH'] ?? '', ...env },
    },
  ).then(
    (ended) => ({ ...ended, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
  return { code, stderr, told: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>) };
}

const backup = (...args: string[]) =>
  command('backup.mjs', args, {
    ...{ DATABASE_URL: url, RECORDINGS_DIR: recordings, BACKUP_DIR: backups },
  });
const restore = (from: string, databaseUrl: string, recordingsDir = join(folder, 'restored')) =>
  command('restore.mjs', [from], { DATABASE_URL: databaseUrl, RECORDINGS_DIR: recordingsDir });

async function rows<T extends pg.QueryResultRow>(databaseUrl: string, sql: string, params: unknown[] = []) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(sql, params)).rows;
  } finally {
    await client.end();
  }
}

/** A call with a message: its row and its file. @returns the file's path below the recordings folder */
async function message(sound = randomBytes(5000)): Promise<string> {
  const call = randomUUID();
  const path = `2026-11-26/${call}.wav`;
  mkdirSync(dirname(join(recordings, path)), { recursive: true });
  writeFileSync(join(recordings, path), sound);
  await rows(
    url,
    `with made as (
       insert into calls (id, direction, entry, caller_reason, caller_received, entered_at, state)
       values ($1, 'inbound', 'menu', 'withheld', '', now(), 'ended') returning id
     )
     insert into recordings (call_id, seq, kind, path, bytes, seconds, sha256, created_at)
     select id, 3, 'message', $2, $3, 1, $4, now() from made`,
    [call, path, sound.length, createHash('sha256').update(sound).digest('hex')],
  );
  return path;
}

const newest = () =>
  join(
    backups,
    readdirSync(backups)
      .filter((name) => name.startsWith('clinic'))
      .at(-1)!,
  );

describe('a backup', () => {
  test('holds the database and every whole sound, for its owner alone, and can be checked', async () => {
    const path = await message();
    writeFileSync(join(recordings, `${path}.${randomUUID()}`), 'half written');
    const made = await backup();
    expect(made).toMatchObject({ code: 0, told: { files: 2, missing: [], removed: [] } });
    expect(readFileSync(join(newest(), 'recordings', path))).toEqual(readFileSync(join(recordings, path)));
    for (const file of ['database.dump', 'manifest.json', `recordings/${path}`])
      expect(statSync(join(newest(), file)).mode & 0o777, file).toBe(0o600);
    expect(statSync(newest()).mode & 0o777).toBe(0o700);
    expect(await backup('--check', newest())).toMatchObject({ code: 0, told: { files: 2 } });
  });

  test('is kept and told to the watcher where a sound was lost before', async () => {
    const [lost] = [await message(), await message()];
    rmSync(join(recordings, lost));
    expect(await backup()).toMatchObject({ code: 2, told: { files: 2, missing: [lost] } });
    const target = await createEmptyDatabase();
    expect(await restore(newest(), target)).toMatchObject({
      code: 0,
      told: { recordings: 1, missing: [lost] },
    });
  });

  test('knows an encrypted file by its own sum, and does not miss what was erased', async () => {
    const [sealed, erased] = [await message(), await message()];
    const sum = createHash('sha256')
      .update(readFileSync(join(recordings, sealed)))
      .digest('hex');
    await rows(
      url,
      `update recordings set sha256 = repeat('0', 64), file_sha256 = $1, key_id = repeat('0', 16) where path = $2`,
      [sum, sealed],
    );
    rmSync(join(recordings, erased));
    await rows(
      url,
      `with report as (
         insert into erasures (rule, days, before, at, counts, subjects, remaining, checksum)
         values ('messages', 1, now(), now(), '{}', '{}', 0, repeat('0', 64)) returning id
       )
       update recordings set erased_at = now(), erasure_id = (select id from report) where path = $1`,
      [erased],
    );
    expect(await backup()).toMatchObject({ code: 0, told: { files: 2, missing: [] } });
  });

  test('leaves nothing half made: what a killed one left goes, the oldest beyond --keep go', async () => {
    mkdirSync(join(backups, 'clinic-137-20200101T000000Z.unfinished'), { recursive: true });
    for (const day of ['01', '02', '03']) mkdirSync(join(backups, `clinic-137-202001${day}T000000Z`));
    mkdirSync(join(backups, 'of-someone-else'));
    const made = await backup('--keep', '2');
    expect(made.told['removed']).toEqual(['clinic-137-20200101T000000Z', 'clinic-137-20200102T000000Z']);
    expect(readdirSync(backups).filter((name) => name !== '.lock')).toEqual([
      ...['clinic-137-20200103T000000Z', newest().split('/').at(-1), 'of-someone-else'],
    ]);
  });

  test('that fails says why, shows no password and leaves none behind', async () => {
    url = `${url}_nowhere`;
    const failed = await backup();
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^pg_dump failed: .*does not exist/);
    expect(failed.stderr).not.toContain(postgresEnv(url)['PGPASSWORD']);
    expect(readdirSync(backups).filter((name) => /^clinic.*Z$/.test(name))).toEqual([]);
    expect((await command('backup.mjs', [], {})).stderr).toContain(
      'DATABASE_URL, RECORDINGS_DIR, BACKUP_DIR',
    );
  });
});

describe('a restore', () => {
  test('brings rows and sounds into an empty installation, the newest of a folder where one is named', async () => {
    const path = await message();
    await backup();
    const target = await createEmptyDatabase();
    const done = await restore(backups, target);
    expect(done).toMatchObject({ code: 0, told: { restored: newest(), recordings: 1 } });
    const ask = `select (select json_agg(c) from calls c) as calls, (select json_agg(r) from recordings r) as recordings,
      (select json_agg(m.name) from schema_migrations m) as migrations`;
    expect(await rows(target, ask)).toEqual(await rows(url, ask));
    expect(readFileSync(join(folder, 'restored', path))).toEqual(readFileSync(join(recordings, path)));
    // Once more is refused: nothing is ever written over.
    expect(await restore(backups, target)).toMatchObject({ code: 1 });
  });

  test('can be begun again where it was interrupted between sounds and database', async () => {
    const path = await message();
    await backup();
    const begun = join(folder, 'restored', path);
    mkdirSync(dirname(begun), { recursive: true });
    writeFileSync(begun, readFileSync(join(recordings, path)));
    writeFileSync(`${begun}.${randomUUID()}`, 'half written');
    expect(await restore(newest(), await createEmptyDatabase())).toMatchObject({ code: 0 });
  });

  test.each([
    ['a sound was changed', (path: string) => appendFileSync(join(newest(), 'recordings', path), 'x')],
    ['a sound is missing', (path: string) => rmSync(join(newest(), 'recordings', path))],
    ['the dump was cut off', () => writeFileSync(join(newest(), 'database.dump'), 'PGDMP')],
    ['the list is missing', () => rmSync(join(newest(), 'manifest.json'))],
  ])('refuses a backup of which %s, before it touches anything', async (_, harm) => {
    const path = await message();
    await backup();
    harm(path);
    const target = await createEmptyDatabase();
    const refused = await restore(newest(), target);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/^(The backup is damaged|.* is no whole backup)/);
    expect(await rows(target, `select 1 from pg_tables where schemaname = 'public'`)).toEqual([]);
    expect(existsSync(join(folder, 'restored'))).toBe(false);
  });

  test('refuses a database or a folder that is not empty', async () => {
    await message();
    await backup();
    const used = await createTestDatabase();
    expect((await restore(newest(), used)).stderr).toMatch(/is not empty \([1-9][0-9]* tables/);
    expect(await rows(used, 'select 1 from calls')).toEqual([]);
    const foreign = join(folder, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'other.wav'), 'x');
    const refused = await restore(newest(), await createEmptyDatabase(), foreign);
    expect(refused.stderr).toContain('holds other.wav');
  });
});

describe("the database's address in libpq's variables", () => {
  test.each([
    ['postgres://clinic:pw@db:5433/clinic', { PGHOST: 'db', PGPORT: '5433', PGPASSWORD: 'pw' }],
    ['postgres://clinic:pw@/clinic?host=/run/postgresql', { PGHOST: '/run/postgresql', PGUSER: 'clinic' }],
    [
      'postgresql://a%40b:p%3Aw@[::1]/c%2Fd?sslmode=require',
      { PGHOST: '::1', PGUSER: 'a@b', PGPASSWORD: 'p:w' },
    ],
  ])('%s', (address, wanted) => {
    expect(postgresEnv(address)).toMatchObject(wanted);
  });

  test('tells a wrong one without showing it', () => {
    expect(() => postgresEnv('mysql://clinic:pw@db/clinic')).toThrow(/^DATABASE_URL is not like/);
  });
});
