import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { COLUMNS } from '../../src/cases/messages.ts';
import { caseRoutes } from '../../src/cases/routes.ts';
import { createRecordings, type Recordings } from '../../src/recordings/service.ts';
import { casesOn, type TestCases } from '../support/cases.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { silentLog } from '../support/silent-log.ts';
import { testVault } from '../support/vault.ts';
import { problemIn } from '../support/web.ts';

/** The clinic's old unanswered messages become cases. */

let folder: string;
let web: RoomsWeb;
let own: TestCases;
let recordings: Recordings;
let notes = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-import-'));
  mkdirSync(join(folder, 'old'));
  web = await startRoomsWeb(async ({ pool }) => {
    own = await casesOn(pool, silentLog, folder);
    recordings = createRecordings({ pool, vault: testVault(folder), log: silentLog });
    return [caseRoutes({ cases: own.cases, pool, clock: own.clock, zone: 'Asia/Tehran' })];
  });
});
afterAll(async () => {
  await own.hours.close();
  await web.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => void (notes += 1));

const send = (role: 'supervisor' | 'reviewer', body: object) =>
  web.as(role, { method: 'POST', path: '/cases/import', body });
const table = (...rows: string[]) => [COLUMNS.join(','), ...rows].join('\n');
const row = (recording = '', number = '09121234567') =>
  `${number},2026-11-01T09:30,transport,${recording},پیام ${notes}`;
const cases = () => own.cases.list({ after: null, limit: 1000, reason: 'imported' });

test('each message becomes a case as old as it is, whose passed deadlines somebody is told of', async () => {
  writeFileSync(join(folder, 'old', '1.wav'), 'sound');
  const answer = await send('supervisor', { csv: table(row('old/1.wav')) });
  expect(answer.json()).toEqual({ opened: 1, known: 0, bad: [] });
  const [found] = await cases();
  expect(found).toMatchObject({
    ...{ reason: 'imported', number: '+989121234567', specialty: 'transport', state: 'received' },
    openedAt: new Date('2026-11-01T06:00:00Z'),
  });
  const story = await own.cases.find(found!.id);
  expect(story!.history.map(({ kind }) => kind)).toEqual([
    ...['case.opened', 'case.escalated', 'case.escalated', 'case.escalated'],
  ]);
  expect(story!.history[0]).toMatchObject({
    ...{ actor: expect.stringMatching(/^account:/) as string, data: { recording: 'old/1.wav' } },
  });
});

test('the name of a sound, in which the number may stand, is for those who see numbers', async () => {
  const name = 'old/09121234567-9.wav';
  writeFileSync(join(folder, name), 'one more sound');
  expect((await send('supervisor', { csv: table(row(name)) })).json()).toMatchObject({ opened: 1 });
  const [found] = await cases();
  const shown = async (role: 'supervisor' | 'reviewer' | 'auditor') =>
    (await web.as(role, { method: 'GET', path: `/cases/${found!.id}` })).body;
  expect(await shown('supervisor')).toContain(name);
  for (const role of ['reviewer', 'auditor'] as const) {
    const body = await shown(role);
    expect(body).toContain('case.opened');
    expect(body).not.toContain('9121234567');
  }
});

test('sent twice, or twice in the table, or under another name, a message is taken once', async () => {
  const before = (await cases()).length;
  writeFileSync(join(folder, 'a.wav'), 'the same sound');
  writeFileSync(join(folder, 'b.wav'), 'the same sound');
  const csv = table(row('a.wav'), row('b.wav'));
  expect((await send('supervisor', { csv })).json()).toEqual({ opened: 1, known: 1, bad: [] });
  expect((await send('supervisor', { csv })).json()).toEqual({ opened: 0, known: 2, bad: [] });
  const both = await Promise.all([1, 2].map(() => send('supervisor', { csv: table(row()) })));
  expect(both.map((answer) => answer.json<{ opened: number }>().opened).toSorted()).toEqual([0, 1]);
  expect(await cases()).toHaveLength(before + 2);
});

test('its sound is encrypted and taken away, and is heard as it was', async () => {
  const before = new Set((await cases()).map(({ id }) => id));
  const sound = Buffer.from('RIFF and what follows');
  for (const name of ['old/2.wav', 'old/3.wav']) writeFileSync(join(folder, name), sound);
  const csv = table(row('old/2.wav'), row('old/2.wav', '09120000002'), row('old/3.wav'));
  expect((await send('supervisor', { csv })).json()).toEqual({ opened: 2, known: 1, bad: [] });
  expect(readdirSync(join(folder, 'old')).filter((name) => /[23]/.test(name))).toEqual([]);
  const opened = (await cases()).filter(({ id }) => !before.has(id));
  for (const { id } of opened) {
    const [recording] = (await own.cases.find(id))!.recordings;
    expect(recording).toMatchObject({ kind: 'imported', callId: null, erasedAt: null });
    const found = (await recordings.find(recording!.id))!;
    const parts: Buffer[] = [];
    for await (const part of await recordings.listen(found, 'test')) parts.push(part);
    expect(Buffer.concat(parts)).toEqual(sound);
    expect(readFileSync(join(folder, found.path)).includes('RIFF')).toBe(false);
  }
  // Another citizen's row with the same name, after the file has gone.
  const later = table(row('old/3.wav', '09120000003'));
  expect((await send('supervisor', { csv: later })).json()).toMatchObject({ opened: 1 });
  const [last] = await cases();
  expect((await own.cases.find(last!.id))!.recordings).toHaveLength(1);
});

test('what it is known by tells nobody the number, and messages known by a hash without a key still are', async () => {
  const sound = 'the sound of one caller';
  writeFileSync(join(folder, 'c.wav'), sound);
  const csv = table(row('c.wav'));
  expect((await send('supervisor', { csv })).json()).toMatchObject({ opened: 1 });
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const content = ['+989121234567', '2026-11-01T06:00:00.000Z', 'transport', sha256(sound), `پیام ${notes}`];
  const guessed = sha256(JSON.stringify(content));
  const guesses = () => web.pool.query('select from case_imports where content_hash = $1', [guessed]);
  expect((await guesses()).rowCount).toBe(0);
  const files = readdirSync(join(folder, 'imported'));
  expect(files).not.toContain(`${guessed}.sealed`);
  // As an earlier version has kept it.
  const [last] = await cases();
  const { path } = (await recordings.find((await own.cases.find(last!.id))!.recordings[0]!.id))!;
  renameSync(join(folder, path), join(folder, 'imported', `${guessed}.sealed`));
  await web.pool.query('update recordings set path = $1 where path = $2', [
    ...[`imported/${guessed}.sealed`, path],
  ]);
  await web.pool.query('update case_imports set content_hash = $1 where case_id = $2', [guessed, last!.id]);
  expect((await guesses()).rowCount).toBe(1);
  writeFileSync(join(folder, 'd.wav'), sound);
  for (const again of [csv, table(row('d.wav'))])
    expect((await send('supervisor', { csv: again })).json()).toEqual({ opened: 0, known: 1, bad: [] });
  expect(readdirSync(join(folder, 'imported'))).toHaveLength(files.length);
  expect(readdirSync(folder)).not.toContain('d.wav');
});

test('a recording of ours is not taken over, nor taken away', async () => {
  const files = readdirSync(join(folder, 'imported'));
  const csv = table(row(`imported/${files[0]!}`));
  expect(problemIn(await send('supervisor', { csv }))).toMatchObject({
    bad: [{ line: 2, reason: 'recording-missing' }],
  });
  expect(readdirSync(join(folder, 'imported'))).toEqual(files);
});

test('one bad row and nothing is taken; every bad row is told', async () => {
  const before = (await cases()).length;
  const csv = table(row(), row('', '12'), row('not-there.wav'));
  const document = problemIn(await send('supervisor', { csv }));
  expect(document).toMatchObject({
    ...{ status: 400, code: 'import-invalid' },
    bad: [
      { line: 3, reason: 'number-invalid' },
      { line: 4, reason: 'recording-missing' },
    ],
  });
  expect(await cases()).toHaveLength(before);
});

test('asked to, it leaves bad rows out', async () => {
  const before = (await cases()).length;
  const csv = table(row(), row('', '12'), row('old'));
  expect((await send('supervisor', { csv, skipBad: true })).json()).toEqual({
    ...{ opened: 1, known: 0 },
    bad: [
      { line: 3, reason: 'number-invalid' },
      { line: 4, reason: 'recording-missing' },
    ],
  });
  expect(await cases()).toHaveLength(before + 1);
});

test('is for supervisors', async () => {
  expect(problemIn(await send('reviewer', { csv: table(row()) })).code).toBe('role-insufficient');
});
