import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { projectPath } from '../../src/platform/root.ts';
import { createPhone } from '../../src/stack/phone/phone.mjs';
import { callRow, type ApiCall } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { ari, expectNothingLeft, leftInExchange } from '../support/leftovers.ts';
import { addExpert, closePhones, dialClinic, expertPhone } from '../support/phones.ts';
import { enters, queues, said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';

/** The rehearsal: a backup made while calls go on, everything lost, and the line up again from the backup alone. */

const run = promisify(execFile);
let folder: string;
let clinic: Clinic;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-rehearsal-'));
});
afterEach(closePhones);
afterAll(async () => {
  await clinic?.close();
  rmSync(folder, { recursive: true, force: true });
});

const recordingsDir = (name: string) => join(folder, name);
/** Each sound's place and what it sounds like. */
const soundsIn = (name: string) =>
  readdirSync(recordingsDir(name), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sealed'))
    .sort()
    .map((path) => [path, readFileSync(join(recordingsDir(name), path)).toString('base64')]);

async function command(program: string, args: string[], databaseUrl: string, recordings: string) {
  const secret = join(folder, 'database-url');
  writeFileSync(secret, `${databaseUrl}\n`);
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', DATABASE_URL_FILE: secret },
    ...{ RECORDINGS_DIR: recordings, BACKUP_DIR: join(folder, 'backups') },
  };
  const { stdout } = await run(process.execPath, [projectPath('src', 'stack', program), ...args], { env });
  return JSON.parse(stdout) as { folder: string; recordings: number };
}

/** A citizen talks to the expert, who sets an outcome by keypad. */
async function talk(expert: Awaited<ReturnType<typeof expertPhone>>): Promise<string> {
  const scene = await queues(clinic, { from: '09121230001' });
  const ring = await expert.nextCall();
  void ring.answer();
  await said(clinic, scene, 'call.answered');
  void ring.hangup();
  await callRow(clinic, scene.id, (row) => row.state === 'wrap-up');
  await expert.dial('*51');
  await callRow(clinic, scene.id, (row) => row.outcome?.code === 'resolved');
  return scene.id;
}

/** A citizen leaves a message while the application is away; it is imported at its return. */
async function leaveMessage(): Promise<void> {
  await clinic.kill();
  const call = await dialClinic({ number: '1378', from: '09121230002' });
  // Asked of the exchange, not of the ear: apology and instruction take half a minute.
  await waitFor(async () => (await applications()).includes('Record'), 90_000);
  await call.playTone(440, 3);
  void call.hangup();
  await call.ended;
  await waitFor(async () => (await leftInExchange()).length === 0);
  await clinic.start();
  await clinic.logged('missed.imported');
}

/** What the dialplan is doing with each channel. */
const applications = async () =>
  (await ari<{ dialplan: { app_name: string } }[]>('/channels')).map(({ dialplan }) => dialplan.app_name);

/** Citizens come and go, and the roster grows, until it is told to stop. */
function writing(): { stop: () => Promise<number> } {
  let going = true;
  let written = 0;
  const citizens = (async () => {
    while (going) {
      const { call, id } = await enters(clinic);
      void call.hangup();
      await callRow(clinic, id);
      written += 1;
    }
  })();
  const roster = (async () => {
    while (going) {
      await addExpert(clinic, `کارشناس ${written}`, 'finance');
      written += 1;
    }
  })();
  return {
    stop: async () => {
      going = false;
      await Promise.all([citizens, roster]);
      return written;
    },
  };
}

async function loseEverything(databaseUrl: string, redisUrl: string): Promise<void> {
  await clinic.close();
  const database = new URL(databaseUrl).pathname.slice(1);
  const client = new pg.Client({ connectionString: testStack().postgres.url });
  await client.connect();
  await client.query(`drop database ${database} with (force)`);
  await client.end();
  const redis = new Redis(redisUrl);
  await redis.flushdb();
  await redis.quit();
  rmSync(recordingsDir('lost'), { recursive: true });
  const { url, username, password } = testStack().ari;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  for (const kind of ['endpoint', 'aor', 'auth']) {
    const path = `/ari/asterisk/config/dynamic/res_pjsip/${kind}/e001`;
    await fetch(`${url}${path}`, { method: 'DELETE', headers: { authorization } });
  }
}

async function registers(password: string): Promise<boolean> {
  const { host, port } = testStack().sip.trunk;
  const phone = await createPhone({ server: { host, port }, username: 'e001', password });
  const { ok } = await phone.register({ expires: 60 });
  await phone.close();
  return ok;
}

const listOf = async <T>(path: string, token?: string) =>
  (await clinic.api<{ items: T[] }>(path, token === undefined ? {} : { token })).body.items;

describe('a restore from a backup made while calls went on', () => {
  it('brings back calls, experts, accounts and sounds, and telephones register with their old passwords', async () => {
    const lost = { RECORDINGS_DIR: recordingsDir('lost'), WRAP_UP_SECONDS: '30' };
    clinic = await startClinic({ env: lost });
    await addExpert(clinic, 'زهرا احمدی', 'transport');
    const expert = await expertPhone(clinic, 'e001');
    const talked = await talk(expert);
    await closePhones();
    await leaveMessage();
    const token = await clinic.signIn('supervisor');
    // The message has its case: nothing more happens to these calls.
    await waitFor(async () =>
      (await listOf<ApiCall>('/calls?limit=200')).some(
        ({ ending, caseId }) => ending === 'voicemail' && caseId !== null,
      ),
    );
    const before = await listOf<ApiCall>('/calls?limit=200');
    const experts = await listOf<{ id: string; name: string }>('/experts?limit=200');
    const endings = before.map((call) => call.ending);
    expect(endings).toEqual(expect.arrayContaining(['answered', 'voicemail']));

    const work = writing();
    await clinic.logged('call.ended', (line) => !before.some(({ id }) => id === line['callId']));
    const made = await command('backup.mjs', [], clinic.databaseUrl, recordingsDir('lost'));
    expect(await work.stop()).toBeGreaterThan(1);
    await expectNothingLeft(clinic);
    const sounds = soundsIn('lost');
    expect(sounds.length).toBeGreaterThan(0);
    const all = await listOf<ApiCall>('/calls?limit=200');

    await loseEverything(clinic.databaseUrl, clinic.redisUrl);
    expect(await registers(expert.password)).toBe(false);
    const databaseUrl = await createEmptyDatabase();
    const restored = await command('restore.mjs', [made.folder], databaseUrl, recordingsDir('found'));
    expect(restored.recordings).toBe(sounds.length);

    const found = { RECORDINGS_DIR: recordingsDir('found'), DATABASE_URL: databaseUrl };
    clinic = await startClinic({ env: found, open: false });
    // The supervisor's sign-in itself is in the backup.
    const after = await listOf<ApiCall>('/calls?limit=200', token);
    expect(after.filter(({ id }) => before.some((call) => call.id === id))).toEqual(before);
    expect(after.length).toBeLessThanOrEqual(all.length);
    expect(await listOf('/experts?limit=200')).toMatchObject(
      expect.arrayContaining(
        experts.map(({ id, name }) => expect.objectContaining({ id, name }) as unknown),
      ) as [],
    );
    expect(soundsIn('found')).toEqual(sounds);
    expect(await disagreements(databaseUrl)).toEqual([]);

    await waitFor(() => registers(expert.password));
    const again = await expertPhone(clinic, 'e001');
    const scene = await queues(clinic);
    void (await again.nextCall()).answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'answered', expertId: 'e001' });
    expect((await callRow(clinic, talked)).outcome?.code).toBe('resolved');
    await closePhones();
    await expectNothingLeft(clinic);
  }, 240_000);
});

/** One snapshot: no call without its first entry, no entry of an end without the end in the call's row. */
async function disagreements(databaseUrl: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(`
    select coalesce(c.id, e.call_id) as id, c.ended_at, e.kinds
    from calls c
    full join (
      select call_id, array_agg(kind order by seq) as kinds from call_entries group by call_id
    ) e on e.call_id = c.id
    where c.id is null or e.call_id is null or e.kinds[1] <> 'call.entered'
      or (c.ended_at is not null) <> ('call.ended' = any (e.kinds))`);
  await client.end();
  return rows as unknown[];
}
