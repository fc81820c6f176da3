import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../src/platform/migrate.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { silentLog } from '../support/silent-log.ts';

let folder: string;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  url = await createEmptyDatabase();
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

async function ask<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Row>(text);
  await client.end();
  return rows;
}

describe('migrations', () => {
  test('run in order, each once', async () => {
    file('000002_second.sql', "insert into words values ('second')");
    file('000001_first.sql', 'create table words (word text)');
    expect(await migrate(url, silentLog, folder)).toEqual(['000001_first.sql', '000002_second.sql']);
    expect(await migrate(url, silentLog, folder)).toEqual([]);
    file('000003_third.sql', "insert into words values ('third')");
    expect(await migrate(url, silentLog, folder)).toEqual(['000003_third.sql']);
    expect(await ask('select word from words order by word')).toEqual([
      { word: 'second' },
      { word: 'third' },
    ]);
  });

  test('eight starters at once: each file is run by one of them, none fails', async () => {
    file('000001_first.sql', 'create table words (word text)');
    file('000002_second.sql', "select pg_sleep(0.2); insert into words values ('second')");
    const runs = await Promise.all(Array.from({ length: 8 }, () => migrate(url, silentLog, folder)));
    expect(runs.flat().sort()).toEqual(['000001_first.sql', '000002_second.sql']);
    expect(await ask('select word from words')).toEqual([{ word: 'second' }]);
  });

  test('the real ones too, from several starters', async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, () => migrate(url, silentLog)));
    expect(runs.flat()).toContain('000001_first-line.sql');
    expect(await ask('select key from specialties order by position')).toEqual([
      { key: 'urban-planning' },
      { key: 'transport' },
      { key: 'urban-services' },
      { key: 'finance' },
    ]);
  });

  test('a file that fails leaves nothing of itself, and those before it stand', async () => {
    file('000001_first.sql', 'create table words (word text)');
    file('000002_second.sql', "insert into words values ('half'); select 1 / 0");
    await expect(migrate(url, silentLog, folder)).rejects.toMatchObject({
      code: 'migration-failed',
      message: expect.stringContaining('000002_second.sql') as string,
    });
    expect(await ask('select word from words')).toEqual([]);
    file('000002_second.sql', "insert into words values ('whole')");
    expect(await migrate(url, silentLog, folder)).toEqual(['000002_second.sql']);
  });

  test('a database of a newer program is refused, untouched', async () => {
    file('000001_first.sql', 'create table words (word text)');
    file('000002_second.sql', 'create table newer (word text)');
    await migrate(url, silentLog, folder);
    rmSync(join(folder, '000002_second.sql'));
    await expect(migrate(url, silentLog, folder)).rejects.toMatchObject({ code: 'schema-newer' });
    file('000003_other.sql', 'drop table words');
    await expect(migrate(url, silentLog, folder)).rejects.toMatchObject({ code: 'schema-newer' });
    expect(await ask("select to_regclass('words') is not null as there")).toEqual([{ there: true }]);
  });

  test('a file changed after it was run is refused; other line ends are no change', async () => {
    file('000001_first.sql', 'create table words (\n word text)');
    await migrate(url, silentLog, folder);
    file('000001_first.sql', 'create table words (\r\n word text)');
    expect(await migrate(url, silentLog, folder)).toEqual([]);
    file('000001_first.sql', 'create table words (word text, meaning text)');
    await expect(migrate(url, silentLog, folder)).rejects.toMatchObject({ code: 'migration-changed' });
  });

  test('a file named against the custom is refused', async () => {
    file('first.sql', 'select 1');
    await expect(migrate(url, silentLog, folder)).rejects.toMatchObject({ code: 'migration-failed' });
  });

  test('PostgreSQL not there is told as such', async () => {
    await expect(migrate('postgres://clinic@127.0.0.1:1/clinic', silentLog)).rejects.toMatchObject({
      code: 'database-away',
    });
  });
});

describe('a database that cannot hold Persian', () => {
  test.each([
    ['of the C locale', "template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"],
    ['of a one-byte encoding', "template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'"],
  ])('%s is refused by the migrations and by the pool', async (_, options) => {
    const unfit = await createEmptyDatabase(options);
    await expect(migrate(unfit, silentLog, folder)).rejects.toMatchObject({ code: 'database-locale' });
    const pool = createPool(unfit, silentLog);
    await expect(pool.query('select 1')).rejects.toMatchObject({ code: 'database-locale' });
    await pool.end();
  });
});

describe('the schema itself', () => {
  test('tells when hours change', async () => {
    await migrate(url, silentLog);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('listen hours_changed');
    const told = new Promise((resolve) => client.once('notification', resolve));
    await ask(
      "insert into openings (starts_at, ends_at, reason, actor) values (now(), now() + interval '1 hour', 'test', 'system')",
    );
    expect(await told).toMatchObject({ channel: 'hours_changed' });
    await client.end();
  });

  test('numbers experts past the thousandth', async () => {
    await migrate(url, silentLog);
    expect(await ask('select next_expert_id() as id')).toEqual([{ id: 'e001' }]);
    await ask("select setval('expert_numbers', 999)");
    expect(await ask('select next_expert_id() as id')).toEqual([{ id: 'e1000' }]);
  });

  test.each([
    [
      'two open presences of one expert',
      "insert into expert_presence (expert_id, intent, actor) values ('e001', 'ready', 'x'), ('e001', 'offline', 'x')",
    ],
    [
      'one skill twice',
      "insert into expert_skills (expert_id, specialty, level, actor) values ('e001', 'finance', 1, 'x'), ('e001', 'finance', 2, 'x')",
    ],
    [
      'a level beyond five',
      "insert into expert_skills (expert_id, specialty, level, actor) values ('e001', 'finance', 6, 'x')",
    ],
    [
      'hours that close before they open',
      "insert into weekly_hours (specialty, weekday, opens, closes, actor) values ('finance', 1, '18:00', '17:00', 'x')",
    ],
    [
      'an unknown specialty',
      "insert into openings (specialty, starts_at, ends_at, reason, actor) values ('astrology', now(), now() + interval '1 hour', '', 'x')",
    ],
    [
      'one name in two cases',
      `insert into accounts (id, username, password_hash, role, name) values
      (gen_random_uuid(), 'Sara', '', 'admin', ''), (gen_random_uuid(), 'sara', '', 'admin', '')`,
    ],
    [
      'a change of the audit',
      "insert into audit (actor, action, subject) values ('x', 'y', 'z'); delete from audit",
    ],
  ])('refuses %s', async (_, text) => {
    await migrate(url, silentLog);
    await ask("insert into experts (name, created_by) values ('Sara', 'x')");
    await expect(ask(text)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) as string });
  });

  test('lets a day last until midnight', async () => {
    await migrate(url, silentLog);
    const rows = await ask(`insert into weekly_hours (specialty, weekday, opens, closes, actor)
      values ('finance', 1, '18:00', '24:00', 'x') returning closes`);
    expect(rows).toEqual([{ closes: '24:00:00' }]);
  });
});
