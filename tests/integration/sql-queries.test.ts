import { readFileSync, readdirSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectPath } from '../../src/platform/root.ts';
import { createTestDatabase } from '../support/database.ts';
import { describeStatement } from '../support/describe-statement.ts';

/** How the heads write some types in short. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  float8: 'double precision',
  bool: 'boolean',
  int: 'integer',
  int4: 'integer',
  int8: 'bigint',
  int2: 'smallint',
};

const folder = projectPath('sql', 'queries');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.sql'),
);

const sources = readdirSync(projectPath('src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(projectPath('src', path), 'utf8'))
  .join('\n');
const QUOTED_NAME = /'([a-z-]+\/[a-z0-9-]+)'/g;
const usedStatements = [...sources.matchAll(QUOTED_NAME)].map(([, name = '']) => name);
/** First argument after the connection, in `query(db, 'room/name'` and its like. */
const QUERY = /\bquery(?:One)?(?:<[^()]*>)?\(\s*[\w.]+,\s*'([^']+)'/g;
const namedStatements = [...sources.matchAll(QUERY)].map(([, name = '']) => name);

let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client({ connectionString: await createTestDatabase() });
  await client.connect();
});
afterAll(() => client?.end());

function headOf(text: string): { purpose: string; params: string; rows: string } {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('--')) break;
    lines.push(line.replace(/^--\s*/, ''));
  }
  const head = lines.join('\n');
  const [, purpose = '', params = '', rows = ''] =
    /^([\s\S]*?)\nparams: ([\s\S]*?)\nrows: ([\s\S]*)$/.exec(head) ?? [];
  return { purpose, params, rows: rows.replaceAll('\n', ' ') };
}

function declaredColumns(rows: string): { name: string; type: string }[] {
  if (rows === 'none') return [];
  return rows.split(',').map((column) => {
    const [name = '', ...type] = column.trim().split(/\s+/);
    const written = type.join(' ');
    return { name, type: LONG_NAMES[written] ?? written };
  });
}

describe.each(files)('sql/queries/%s', (file) => {
  const text = readFileSync(`${folder}/${file}`, 'utf8');
  const head = headOf(text);

  test('tells its purpose, its parameters and its rows, and PostgreSQL agrees', async () => {
    const shape = await describeStatement(client, text);
    expect(head.purpose).not.toBe('');
    expect(shape.columns).toEqual(declaredColumns(head.rows));
    const told = new Set([...head.params.matchAll(/\$([0-9]+)/g)].map(([, number]) => Number(number)));
    expect([...told].sort((a, b) => a - b)).toEqual(
      Array.from({ length: shape.parameters }, (_, index) => index + 1),
    );
    if (shape.parameters === 0) expect(head.params).toBe('none');
  });

  test('is used', () => {
    expect(usedStatements).toContain(file.replace(/\.sql$/, ''));
  });
});

test('every statement the program names has its file', () => {
  const known = new Set(files.map((file) => file.replace(/\.sql$/, '')));
  expect(namedStatements.filter((name) => !known.has(name))).toEqual([]);
});

test('a file that PostgreSQL would refuse is found out', async () => {
  await expect(describeStatement(client, 'select missing from calls')).rejects.toThrow('missing');
});
