import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import type { CommandClient } from '../../src/platform/commands.ts';
import { fault } from '../../src/platform/fault.ts';
import { createCollector } from '../../src/recordings/collector.ts';
import { talkName } from '../../src/recordings/names.ts';
import { recordingRoutes } from '../../src/recordings/routes.ts';
import { createRecordings, type Recordings } from '../../src/recordings/service.ts';
import type { Vault } from '../../src/recordings/vault.ts';
import type { Role } from '../../src/staff/rules.ts';
import { casesOn, entriesOfCall, minute, tell, type TestCases } from '../support/cases.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { silentLog } from '../support/silent-log.ts';
import { testVault } from '../support/vault.ts';
import { addExpert, problemIn } from '../support/web.ts';

/** Recordings over HTTP: who may hear what, what is written down of it, what is refused. */

const SOUND = Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(160_040, 7)]);

let folder: string;
let web: RoomsWeb;
let own: TestCases;
let vault: Vault;
let recordings: Recordings;
let expertId: string;
const sent: { name: string; payload: unknown }[] = [];
let refuses: string | null = null;
const commands: Pick<CommandClient, 'send'> = {
  send: <T>(name: string, payload: unknown) => {
    if (refuses !== null) return Promise.reject(fault(refuses, 'no'));
    sent.push({ name, payload });
    return Promise.resolve(null as T);
  },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-recordings-'));
  vault = testVault(folder);
  web = await startRoomsWeb(async ({ pool }) => {
    own = await casesOn(pool, silentLog, folder);
    recordings = createRecordings({ pool, vault, log: silentLog });
    return [recordingRoutes({ recordings, commands, pool, zone: 'Asia/Tehran' })];
  });
  expertId = await addExpert(web.pool, 'زهرا کریمی');
});
afterAll(async () => {
  await own.hours.close();
  await web.close();
  rmSync(folder, { recursive: true });
});

/** A call with a message, as the exchange's message service hands it over. @returns its id and its recording's */
async function message(
  change: { plain?: boolean } = {},
): Promise<{ callId: string; id: string; path: string }> {
  const callId = uuidv7();
  const path = change.plain === true ? `2026-12-05/${callId}.wav` : `messages/${callId}.wav.sealed`;
  const kept = await vault.keep(`${path}${change.plain === true ? '.x' : ''}`, Readable.from([SOUND]));
  const { keyId, fileSha256, ...sums } = kept;
  if (change.plain === true) {
    await vault.remove(`${path}.x`);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), SOUND);
  }
  const entries = entriesOfCall({ at: 0, ending: 'abandoned', id: callId });
  entries.push({
    ...{ kind: 'message.kept', callId, seq: 90, at: minute(0), actor: 'system' },
    data: {
      ...{ recording: path, seconds: 10, bytes: sums.bytes, sha256: sums.sha256 },
      ...(change.plain === true ? {} : { keyId, fileSha256 }),
    },
  });
  await createLedgerWriter(web.pool, silentLog).write(entries);
  const { rows } = await web.pool.query<{ id: string }>('select id from recordings where call_id = $1', [
    callId,
  ]);
  return { callId, id: rows[0]!.id, path };
}

/** A talk that lies in the exchange's spool, and a look at it. */
async function talk(): Promise<{ callId: string; id: string; kept: number; left: string[] }> {
  const callId = await tell(web.pool, { at: 0, ending: 'answered' });
  const spool = new Map([[talkName({ callId, offerId: `${callId}-1` }), SOUND]]);
  const collector = createCollector({
    ...{ vault, pool: web.pool, log: silentLog },
    sounds: {
      stored: () => Promise.resolve([...spool.keys(), 'clinic-missed/1']),
      isLive: () => Promise.resolve(false),
      sound: (name) => Promise.resolve({ bytes: SOUND.length, parts: Readable.from([spool.get(name)!]) }),
      remove: (name) => Promise.resolve(spool.delete(name) ? 'done' : 'gone'),
    },
  });
  const kept = await collector.run();
  const { rows } = await web.pool.query<{ id: string }>('select id from recordings where call_id = $1', [
    callId,
  ]);
  return { callId, id: rows[0]!.id, kept, left: [...spool.keys()] };
}

const get = (role: Role, path: string, as?: string) => web.as(role, { method: 'GET', path }, as);
const hear = (role: Role, id: string, as?: string) => get(role, `/recordings/${id}/audio`, as);
const audit = async (subject: string) =>
  (
    await web.pool.query<{ action: string; actor: string; detail: object }>(
      'select action, actor, detail from audit where subject = $1 order by id',
      [subject],
    )
  ).rows;

describe('a message', () => {
  it('is heard by supervisors and reviewers as it was spoken, and that it was heard is written down', async () => {
    const { id, callId, path } = await message();
    expect(readFileSync(join(folder, path)).includes('RIFF')).toBe(false);
    for (const role of ['supervisor', 'reviewer'] as const) {
      const answer = await hear(role, id);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        ...{
          'content-type': 'audio/wav',
          'content-length': String(SOUND.length),
          'cache-control': 'no-store',
        },
      });
      expect(answer.rawPayload).toEqual(SOUND);
    }
    const heard = await audit(`recording:${id}`);
    expect(heard).toHaveLength(2);
    expect(heard[0]).toMatchObject({
      ...{ action: 'recording.heard', detail: { kind: 'message', callId } },
      actor: expect.stringMatching(/^account:/) as string,
    });
  });

  it('is heard by the expert who owns its case and by no other', async () => {
    const { id, callId } = await message();
    await own.cases.openDue();
    const { rows } = await web.pool.query<{ case_id: string }>(
      'select case_id from case_calls where call_id = $1',
      [callId],
    );
    expect(problemIn(await hear('expert', id, expertId))).toMatchObject({ status: 403, code: 'not-yours' });
    expect(problemIn(await hear('expert', uuidv7(), expertId))).toMatchObject({
      status: 403,
      code: 'not-yours',
    });
    await web.pool.query(
      'update cases set owner = (select id from accounts where expert_id = $1) where id = $2',
      [expertId, rows[0]!.case_id],
    );
    expect((await hear('expert', id, expertId)).rawPayload).toEqual(SOUND);
    expect((await own.cases.find(rows[0]!.case_id))!.recordings).toMatchObject([
      { id, callId, kind: 'message', seconds: 10, erasedAt: null },
    ]);
  });

  it('is for nobody else, and nothing is written of who was refused', async () => {
    const { id } = await message();
    for (const role of ['auditor', 'editor'] as const) expect((await hear(role, id)).statusCode).toBe(403);
    expect(await audit(`recording:${id}`)).toEqual([]);
    expect(problemIn(await hear('supervisor', uuidv7())).code).toBe('recording-not-found');
    expect(problemIn(await hear('supervisor', 'x')).status).toBe(400);
  });

  it('that was changed, or whose file is gone, is refused before any of it is heard', async () => {
    const { id, path } = await message();
    const lies = readFileSync(join(folder, path));
    lies[lies.length - 20]! ^= 1;
    writeFileSync(join(folder, path), lies);
    expect(problemIn(await hear('supervisor', id))).toMatchObject({ status: 500, code: 'recording-damaged' });
    rmSync(join(folder, path));
    expect(problemIn(await hear('supervisor', id))).toMatchObject({ status: 500, code: 'recording-missing' });
    expect(await audit(`recording:${id}`)).toEqual([]);
  });
});

describe('a message from before, which lies in the clear', () => {
  const row = async (id: string) =>
    (
      await web.pool.query<{ path: string; key_id: string }>(
        'select path, key_id from recordings where id = $1',
        [id],
      )
    ).rows[0]!;

  it('is sealed by the clock, and at the latest when it is heard', async () => {
    const [first, second] = [await message({ plain: true }), await message({ plain: true })];
    expect((await hear('supervisor', first.id)).rawPayload).toEqual(SOUND);
    expect(await recordings.sealOld()).toBe(1);
    expect(await recordings.sealOld()).toBe(0);
    for (const { id, path } of [first, second]) {
      const { path: now, key_id: keyId } = await row(id);
      expect([now, keyId]).toEqual([`${path}.sealed`, expect.stringMatching(/^[0-9a-f]{16}$/)]);
      expect(await vault.has(path)).toBe(false);
      expect((await hear('reviewer', id)).rawPayload).toEqual(SOUND);
    }
  });

  it('is found again by who was killed between file and row', async () => {
    const { id, path } = await message({ plain: true });
    await vault.keep(`${path}.sealed`, Readable.from([SOUND]));
    await vault.remove(path);
    expect((await hear('supervisor', id)).rawPayload).toEqual(SOUND);
  });
});

describe('a talk', () => {
  it('is fetched from the exchange once, with whom and since when, and leaves nothing there', async () => {
    const { callId, id, kept, left } = await talk();
    expect([kept, left]).toEqual([1, []]);
    const answer = await get('auditor', `/calls/${callId}/recordings`);
    expect(answer.json()).toEqual({
      items: [
        {
          ...{ id, callId, caseId: null, kind: 'talk', expertId: 'e001', seconds: 10, bytes: SOUND.length },
          ...{
            startedAt: minute(-0.5),
            erasedAt: null,
            sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
          },
        },
      ],
    });
    expect((await hear('supervisor', id)).rawPayload).toEqual(SOUND);
    expect(problemIn(await hear('expert', id, expertId)).code).toBe('not-yours');
    expect(problemIn(await get('expert', `/calls/${callId}/recordings`, expertId)).code).toBe(
      'role-insufficient',
    );
    expect(problemIn(await get('supervisor', `/calls/${uuidv7()}/recordings`)).code).toBe('call-not-found');
  });

  it('whose call is not written yet waits in the exchange', async () => {
    const name = talkName({ callId: uuidv7(), offerId: 'o1' });
    const removed: string[] = [];
    const sounds = {
      stored: () => Promise.resolve([name]),
      isLive: () => Promise.resolve(false),
      sound: () => Promise.resolve({ bytes: SOUND.length, parts: Readable.from([SOUND]) }),
      remove: (one: string) => (removed.push(one), Promise.resolve('done' as const)),
    };
    expect(await createCollector({ sounds, vault, pool: web.pool, log: silentLog }).run()).toBe(0);
    expect(removed).toEqual([]);
  });

  it('may be paused by who talks in it and by a supervisor, and the audit says so', async () => {
    const { callId } = await talk();
    await web.pool.query('update calls set expert_id = $1 where id = $2', [expertId, callId]);
    const put = (role: Role, paused: boolean, as?: string) =>
      web.as(role, { method: 'PUT', path: `/calls/${callId}/recording`, body: { paused } }, as);
    expect((await put('expert', true, expertId)).json()).toEqual({ paused: true });
    expect((await put('supervisor', false)).json()).toEqual({ paused: false });
    const told = await audit(`call:${callId}`);
    expect(told.map(({ action }) => action)).toEqual(['recording.paused', 'recording.resumed']);
    for (const { actor } of told) expect(actor).toMatch(/^account:/);
    expect(sent).toEqual([
      { name: 'recording.pause', payload: { callId, paused: true, actor: told[0]?.actor } },
      { name: 'recording.pause', payload: { callId, paused: false, actor: told[1]?.actor } },
    ]);
    const other = await addExpert(web.pool, 'کس دیگر');
    expect(problemIn(await put('expert', true, other)).code).toBe('not-yours');
    refuses = 'recording-not-running';
    expect(problemIn(await put('supervisor', true))).toMatchObject({
      status: 409,
      code: 'recording-not-running',
    });
    refuses = 'command-timeout';
    expect(problemIn(await put('supervisor', true))).toMatchObject({
      ...{ status: 503, code: 'telephone-exchange-unavailable' },
    });
    refuses = null;
    expect(await audit(`call:${callId}`)).toHaveLength(2);
  });
});
