import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import { recordingRoutes } from '../../src/recordings/routes.ts';
import { createRetention } from '../../src/recordings/retention.ts';
import type { Keeping } from '../../src/recordings/rules.ts';
import { createRecordings } from '../../src/recordings/service.ts';
import type { Vault } from '../../src/recordings/vault.ts';
import { casesOn, entriesOfCall, minute, TEN, type TestCases, type ToldCall } from '../support/cases.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { silentLog } from '../support/silent-log.ts';
import { testVault } from '../support/vault.ts';
import { problemIn } from '../support/web.ts';

/** What is old is erased, everywhere it stands; what is owed still is not; and a report proves it. */

const DAY_MS = 86_400_000;
const SOUND = Buffer.alloc(1600, 9);
const KEEPING: Keeping = { talks: 10, messages: 20, numbers: 30, notes: 40 };
const NUMBER = '+989121234567';

let folder: string;
let web: RoomsWeb;
let own: TestCases;
let vault: Vault;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-retention-'));
  vault = testVault(folder);
  web = await startRoomsWeb(async ({ pool }) => {
    own = await casesOn(pool, silentLog, folder);
    const recordings = createRecordings({ pool, vault, log: silentLog });
    const commands = { send: () => Promise.reject(new Error('no')) };
    return [recordingRoutes({ recordings, pool, commands, zone: 'Asia/Tehran' })];
  });
});
afterEach(async () => {
  await own.hours.close();
  await web.close();
  rmSync(folder, { recursive: true });
});

const erase = (afterDays: number, keeping: Keeping = KEEPING) => {
  const now = TEN + afterDays * DAY_MS;
  const clock = { now: () => now, monotonic: () => now };
  return createRetention({ pool: web.pool, vault, clock, log: silentLog, keeping }).run();
};
const rows = async <T extends object>(sql: string, ...params: unknown[]): Promise<T[]> =>
  (await web.pool.query<T>(sql, params)).rows;
const reports = async () =>
  (await web.as('auditor', { method: 'GET', path: '/reports/erasures' })).json<{
    items: {
      rule: string;
      counts: object;
      subjects: string[];
      remaining: number;
      intact: boolean;
      days: number;
    }[];
  }>().items;

async function call(told: ToldCall): Promise<string> {
  const entries = entriesOfCall(told);
  const { callId } = entries[0]!;
  if (told.message === true) {
    const path = `2026-12-05/${callId}.wav`;
    const { bytes, sha256, keyId, fileSha256 } = await vault.keep(path, Readable.from([SOUND]));
    const entry = entries.find(({ kind }) => kind === 'message.kept')!;
    entry.data = { recording: path, seconds: 1, bytes, sha256, keyId, fileSha256 };
  }
  await createLedgerWriter(web.pool, silentLog).write(entries);
  return callId;
}

async function recordedTalk(callId: string): Promise<string> {
  const path = `talks/${callId}`;
  const { bytes, sha256, keyId, fileSha256 } = await vault.keep(path, Readable.from([SOUND]));
  const [row] = await rows<{ id: string }>(
    `insert into recordings (call_id, kind, offer_id, started_at, path, bytes, seconds, sha256, key_id, file_sha256, created_at)
     values ($1::uuid, 'talk', $1::text, $2, $3, $4, 1, $5, $6, $7, $2) returning id`,
    ...[callId, minute(0), path, bytes, sha256, keyId, fileSha256],
  );
  return row!.id;
}

const closeCases = () =>
  rows(`with closed as (update cases set state = 'closed' returning id) select id from closed`);
/** Everything the database holds in which a number could stand, as one text. */
async function everything(): Promise<string> {
  const tables = [
    'calls',
    'call_entries',
    'promises',
    'cases',
    'case_entries',
    'outcomes',
    'erasures',
    'audit',
    'callbacks',
    'text_messages',
    'nuisance_numbers',
    'case_references',
  ];
  const texts = await Promise.all(
    tables.map((table) =>
      rows<{ all: string }>(`select coalesce(json_agg(t)::text, '') as all from ${table} t`),
    ),
  );
  return texts.map(([text]) => text!.all).join('\n');
}

describe('recordings', () => {
  it('go when they are old, each kind by its rule: the file, not its row', async () => {
    const callId = await call({ at: 0, ending: 'answered' });
    const talk = await recordedTalk(callId);
    const spoken = await call({ at: 0, ending: 'abandoned', message: true });
    await own.cases.openDue();
    await closeCases();
    expect(await erase(9)).toMatchObject({ talks: 0, messages: 0 });
    expect(await erase(11)).toMatchObject({ talks: 1, messages: 0 });
    expect(await vault.has(`talks/${callId}`)).toBe(false);
    expect(await vault.has(`2026-12-05/${spoken}.wav`)).toBe(true);
    expect(await erase(21)).toMatchObject({ talks: 0, messages: 1 });
    expect(await vault.has(`2026-12-05/${spoken}.wav`)).toBe(false);
    const heard = await web.as('supervisor', { method: 'GET', path: `/recordings/${talk}/audio` });
    expect(problemIn(heard)).toMatchObject({ status: 410, code: 'recording-erased' });
    const list = await web.as('supervisor', { method: 'GET', path: `/calls/${callId}/recordings` });
    expect(list.json()).toMatchObject({ items: [{ id: talk, erasedAt: expect.any(String) as string }] });
    expect(await reports()).toMatchObject([
      { rule: 'messages', days: 20, counts: { recordings: 1 }, remaining: 0, intact: true },
      { rule: 'talks', days: 10, counts: { recordings: 1 }, subjects: [talk], remaining: 0, intact: true },
    ]);
  });

  it('stay while a case is open, and by the rule 0 for good', async () => {
    const spoken = await call({ at: 0, ending: 'abandoned', message: true });
    await own.cases.openDue();
    expect(await erase(3000)).toEqual({ talks: 0, messages: 0, numbers: 0, notes: 0 });
    await closeCases();
    const never = { talks: 0, messages: 0, numbers: 0, notes: 0 };
    expect(await erase(30_000, never)).toEqual(never);
    expect(await vault.has(`2026-12-05/${spoken}.wav`)).toBe(true);
    expect(await erase(3000)).toMatchObject({ messages: 1, numbers: 2 });
  });

  it('whose file is gone already are told of all the same', async () => {
    const callId = await call({ at: 0, ending: 'answered' });
    await recordedTalk(callId);
    await vault.remove(`talks/${callId}`);
    expect(await erase(11)).toMatchObject({ talks: 1 });
  });
});

describe('numbers', () => {
  it('leave calls, ledger, promises and cases; how the call ended and what it led to stays', async () => {
    const keyed = await call({ at: 0, ending: 'abandoned', keyed: '02188776655' });
    const answered = await call({ at: 1, ending: 'answered' });
    const withheld = await call({ at: 2, ending: 'abandoned', caller: null });
    await own.cases.openDue();
    await closeCases();
    await rows(
      `insert into callbacks (id, case_id, number, specialty, place_at, state, due_at)
       select gen_random_uuid(), id, '+989121234567', 'transport', now(), 'done', now() from cases`,
    );
    expect(await everything()).toMatch(/9121234567/);
    expect(await erase(31)).toMatchObject({ numbers: 3 });
    expect(await everything()).not.toMatch(/9121234567|88776655/);
    const states = await rows(
      'select id, ending, caller_reason, keyed_number from calls order by entered_at',
    );
    expect(states).toEqual([
      { id: keyed, ending: 'callback', caller_reason: 'erased', keyed_number: null },
      { id: answered, ending: 'answered', caller_reason: 'erased', keyed_number: null },
      { id: withheld, ending: 'abandoned', caller_reason: 'withheld', keyed_number: null },
    ]);
    expect(await erase(31)).toMatchObject({ numbers: 0 });
    const [cases, calls] = await reports();
    expect(cases).toMatchObject({ rule: 'numbers', counts: { cases: 1 }, remaining: 0, intact: true });
    expect(calls).toMatchObject({ rule: 'numbers', counts: { calls: 2 }, remaining: 0, intact: true });
    expect(calls!.subjects.toSorted()).toEqual([keyed, answered].toSorted());
  });

  it('leave the list of nuisances long after their end, with the reason; one that counts stays', async () => {
    await rows(
      `insert into nuisance_numbers (number, reason, starts_at, until, actor, ended_at, ended_by)
       values ('+989121234567', 'ended', $1, null, 'system', $2, 'system'),
              ('+989121234568', 'over', $1, $2, 'system', null, null),
              ('+989121234569', 'counts', $1, null, 'system', null, null)`,
      ...[minute(0), minute(10)],
    );
    expect(await erase(29)).toMatchObject({ numbers: 0 });
    expect(await erase(31)).toMatchObject({ numbers: 2 });
    const left = await rows('select number, reason from nuisance_numbers order by number');
    expect(left).toEqual([
      { number: '+989121234569', reason: 'counts' },
      { number: null, reason: null },
      { number: null, reason: null },
    ]);
    expect(await reports()).toMatchObject([{ counts: { nuisanceNumbers: 2 }, remaining: 0, intact: true }]);
  });

  it('do not come back by an entry that arrives late, and the call ended as it did', async () => {
    const callId = await call({ at: 0, ending: 'abandoned', keyed: '02188776655' });
    await own.cases.openDue();
    await closeCases();
    await erase(31);
    const late = { callId, seq: 95, at: minute(0), actor: 'system' };
    await createLedgerWriter(web.pool, silentLog).write([
      { ...late, kind: 'menu.missed', data: { digit: null, attempt: 1 } },
    ]);
    expect(await everything()).not.toMatch(/9121234567|88776655/);
    expect(await rows('select ending from calls')).toEqual([{ ending: 'callback' }]);
    expect(await rows('select reason, number from promises')).toEqual([{ reason: 'callback', number: null }]);
    // Nor is the case opened anew, for want of a number.
    expect(await own.cases.openDue()).toMatchObject({ opened: 0, joined: 0 });
  });
});

describe('notes', () => {
  it('leave outcomes, ledger and cases, and stay where something is owed', async () => {
    const outcome = { code: 'follow-up-needed', followUp: true };
    const owed = await call({ at: 0, ending: 'answered', outcome, caller: '+989120000001' });
    const done = await call({ at: 1, ending: 'answered', outcome: { code: 'resolved', followUp: false } });
    await own.cases.openDue();
    for (const callId of [owed, done])
      await rows(
        `insert into outcomes (call_id, code, note, follow_up, set_at, actor)
         values ($1, 'other', 'خانم رضایی زنگ زد', true, $2, 'test')`,
        ...[callId, minute(2)],
      );
    expect(await erase(41)).toMatchObject({ notes: 1 });
    const noted = await rows<{ call_id: string; note: string | null }>(
      `select call_id, note from outcomes where code = 'other' order by call_id`,
    );
    expect(noted).toEqual([
      { call_id: owed, note: 'خانم رضایی زنگ زد' },
      { call_id: done, note: null },
    ]);
    const [found] = await own.cases.list({ after: null, limit: 10 });
    const who = { accountId: uuidv7(), actor: 'test', role: 'supervisor' } as const;
    const act = { action: 'withdraw', note: 'با خانم رضایی تمام شد', citizenAt: null } as const;
    await own.cases.act(found!.id, act, who, () => true);
    expect(await erase(41)).toMatchObject({ notes: 2 });
    expect(await everything()).not.toContain('رضایی');
    const story = await own.cases.find(found!.id);
    expect(story!.history.map(({ kind }) => kind)).toContain('case.withdrawn');
  });
});

describe('the histories', () => {
  it('may lose a number in a transaction that says so, and nothing else', async () => {
    const callId = await call({ at: 0, ending: 'answered' });
    const change = async (set: string, erasing: boolean) => {
      const client = await web.pool.connect();
      try {
        await client.query('begin');
        if (erasing) await client.query(`select set_config('clinic.erasing', 'on', true)`);
        await client.query(`update call_entries set ${set} where call_id = $1 and kind = 'call.entered'`, [
          callId,
        ]);
        return 'changed';
      } catch (error) {
        return (error as Error).message;
      } finally {
        await client.query('rollback');
        client.release();
      }
    };
    const empty = `data = data || '{"caller": null, "callerReason": "erased"}'`;
    expect(await change(empty, true)).toBe('changed');
    for (const [set, erasing] of [
      [empty, false],
      [`data = data || '{"caller": "+982100000000"}'`, true],
      [`data = data || '{"entry": "direct"}'`, true],
      [`data = data || '{"callerReason": "withheld"}'`, true],
      [`data = '{}'`, true],
      [`at = now()`, true],
      [`kind = 'x'`, true],
    ] as const)
      expect(await change(set, erasing), set).toMatch(/append-only/);
    await expect(rows('delete from call_entries')).rejects.toThrow('append-only');
  });
});

describe('the report', () => {
  it('shows where somebody has changed it, or left one out', async () => {
    for (let i = 0; i < 3; i++) await recordedTalk(await call({ at: i, ending: 'answered', caller: NUMBER }));
    for (const days of [11, 31, 41]) await erase(days);
    await recordedTalk(await call({ at: 5, ending: 'answered' }));
    await erase(50);
    const whole = await reports();
    expect(whole.length).toBeGreaterThanOrEqual(3);
    expect(whole.every(({ intact }) => intact)).toBe(true);
    await expect(rows('update erasures set remaining = 1')).rejects.toThrow('append-only');
    await rows('alter table erasures disable trigger erasures_append_only');
    await rows('update erasures set counts = $1 where id = (select max(id) from erasures)', {
      recordings: 7,
    });
    expect((await reports()).map(({ intact }) => intact)).toEqual([false, ...whole.slice(1).map(() => true)]);
    await rows(
      'update recordings set erasure_id = (select max(id) from erasures) where erasure_id is not null',
    );
    await rows('delete from erasures where id = (select min(id) + 1 from erasures)');
    expect((await reports()).filter(({ intact }) => !intact)).toHaveLength(2);
  });

  it('is a table for spreadsheets, too, and no matter of experts', async () => {
    await recordedTalk(await call({ at: 0, ending: 'answered' }));
    await erase(11);
    const csv = await web.as('reviewer', { method: 'GET', path: '/reports/erasures?format=csv' });
    expect(csv.headers['content-type']).toMatch(/^text\/csv/);
    expect(csv.body.split('\r\n')[0]).toBe(
      '\ufeffid,at,atJalali,rule,days,before,beforeJalali,erased,subjects,remaining,checksum,previous,intact',
    );
    const instant = String.raw`[^,]+Z,1[34]\d\d/[01]\d/[0-3]\d [0-2]\d:[0-5]\d`;
    expect(csv.body).toMatch(
      new RegExp(`,${instant},talks,10,${instant},1,[0-9a-f-]{36},0,[0-9a-f]{64},,true\r\n`),
    );
    const none = await web.as('editor', { method: 'GET', path: '/reports/erasures' });
    expect(problemIn(none).code).toBe('role-insufficient');
  });

  it('is whole as a table, however long', async () => {
    await rows(
      `insert into erasures (rule, days, before, at, counts, subjects, remaining, checksum)
       select 'talks', 10, '2019-01-01', '2020-01-01', '{}', '{}', 0, md5(n::text) || md5(n::text)
       from generate_series(1, 450) as n`,
    );
    const path = '/reports/erasures?format=csv&to=2020-01-02T00:00:00Z';
    const { body } = await web.as('auditor', { method: 'GET', path });
    const ids = body
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((row) => Number(row.split(',', 1)[0]));
    expect(ids).toHaveLength(450);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => b - a));
  });
});
