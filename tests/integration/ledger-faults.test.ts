import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import type { LedgerEntry } from '../../src/calls/ledger.ts';
import { createLedger, findCall, type StoredLedger } from '../../src/calls/store.ts';
import { migrate } from '../../src/platform/migrate.ts';
import { createPool } from '../../src/platform/pool.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { projectPath } from '../../src/platform/root.ts';
import { answeredCall, newCallId } from '../support/ledger-entries.ts';
import { startPrivatePostgres, startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

const STREAM = '{ledger}:entries';
let postgres: PrivateServer;
let redisServer: PrivateServer;
let pool: pg.Pool;
let redis: Redis;
let ledger: StoredLedger;

beforeAll(async () => {
  postgres = await startPrivatePostgres();
  redisServer = await startPrivateRedis();
  await migrate(postgres.url, silentLog);
});

beforeEach(async () => {
  pool = createPool(postgres.url, silentLog, { connectWithinMs: 500 });
  redis = createRedis(redisServer.url, silentLog);
  ledger = createLedger({ pool, redis, log: silentLog });
  await ledger.start();
});

afterEach(async () => {
  await ledger.close();
  await pool.end();
  await closeRedis(redis);
});

afterAll(async () => {
  await postgres?.remove();
  await redisServer?.remove();
});

async function appendAll(entries: readonly LedgerEntry[]): Promise<number> {
  let slowest = 0;
  for (const entry of entries) {
    const begun = performance.now();
    await ledger.append(entry);
    slowest = Math.max(slowest, performance.now() - begun);
  }
  return slowest;
}

async function expectWhole(callId: string): Promise<void> {
  const { rows } = await pool.query<{ seq: number }>(
    'select seq from call_entries where call_id = $1 order by recorded_at, seq',
    [callId],
  );
  expect(rows.map((row) => row.seq)).toEqual(answeredCall(callId).map((entry) => entry.seq));
  expect(await findCall(pool, callId)).toMatchObject({ ending: 'answered', state: 'ended', talkSeconds: 30 });
}

test('PostgreSQL away for ten seconds: nobody waits, and every entry arrives once, in order', async () => {
  await postgres.kill();
  const stopped = performance.now();
  const ids: string[] = [];
  let slowest = 0;
  // Calls go on through the whole ten seconds, which have to pass: how long PostgreSQL is away is what is tried here.
  while (performance.now() - stopped < 10_000) {
    const id = newCallId();
    ids.push(id);
    slowest = Math.max(slowest, await appendAll(answeredCall(id)));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  expect(ledger.depth()).toBe(ids.length * answeredCall('x').length);
  expect(await redis.xlen(STREAM)).toBe(ledger.depth());
  await postgres.start();
  await waitFor(() => ledger.depth() === 0);
  for (const id of ids) await expectWhole(id);
  // Who had waited for PostgreSQL would have waited for seconds; the machine is not this test's alone.
  expect(slowest).toBeLessThan(2000);
  await waitFor(async () => (await redis.xlen(STREAM)) === 0);
}, 60_000);

test('Redis emptied while PostgreSQL is away: what waits is appended to it again', async () => {
  const id = newCallId();
  await postgres.kill();
  await appendAll(answeredCall(id));
  await redis.flushall();
  await waitFor(async () => (await redis.xlen(STREAM)) === answeredCall(id).length, 5000);
  await postgres.start();
  await waitFor(() => ledger.depth() === 0);
  await expectWhole(id);
  await waitFor(async () => (await redis.xlen(STREAM)) === 0);
});

test('Redis killed in mid-call: PostgreSQL takes the entries alone, and nothing stays behind when Redis is back', async () => {
  const id = newCallId();
  const entries = answeredCall(id);
  await appendAll(entries.slice(0, 5));
  await redisServer.kill();
  await appendAll(entries.slice(5));
  await waitFor(() => ledger.depth() === 0);
  await expectWhole(id);
  await redisServer.start();
  await waitFor(() => redis.status === 'ready');
  await waitFor(async () => (await redis.xlen(STREAM)) === 0);
});

test('both away: an append waits, and resolves when one of them is back', async () => {
  const id = newCallId();
  await postgres.kill();
  await redisServer.kill();
  let durable = 0;
  const appended = answeredCall(id).map((entry) => ledger.append(entry).then(() => durable++));
  await waitFor(() => redis.status === 'reconnecting');
  expect(durable).toBe(0);
  await redisServer.start();
  await Promise.all(appended);
  expect(ledger.depth()).toBe(appended.length);
  await postgres.start();
  await waitFor(() => ledger.depth() === 0);
  await expectWhole(id);
});

test('the process killed while PostgreSQL is away: the next one writes what it left, before its own', async () => {
  const left = newCallId();
  const own = newCallId();
  await ledger.close();
  await postgres.kill();
  const victim = spawn(
    process.execPath,
    ['--import', 'tsx', projectPath('tests/support/outbox-victim.ts'), postgres.url, redisServer.url, left],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(victim.stdout, 'data');
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  expect(await redis.xlen(STREAM)).toBe(answeredCall(left).length);

  ledger = createLedger({ pool, redis, log: silentLog });
  await ledger.start();
  expect(ledger.depth()).toBe(answeredCall(left).length);
  await appendAll(answeredCall(own));
  await postgres.start();
  await waitFor(() => ledger.depth() === 0);
  await expectWhole(left);
  await expectWhole(own);
  const { rows } = await pool.query<{ call_id: string }>(
    'select distinct on (call_id) call_id, recorded_at from call_entries where call_id = any ($1) order by call_id, recorded_at',
    [[left, own]],
  );
  expect(rows).toHaveLength(2);
});

test('what in the stream is no entry at all is put aside, and the rest is written', async () => {
  const id = newCallId();
  await ledger.close();
  await redis.xadd(STREAM, '*', 'entry', '{"half": ');
  for (const entry of answeredCall(id)) await redis.xadd(STREAM, '*', 'entry', JSON.stringify(entry));
  ledger = createLedger({ pool, redis, log: silentLog });
  await ledger.start();
  await waitFor(() => ledger.depth() === 0);
  await expectWhole(id);
  const { rows } = await pool.query("select entry from ledger_rejects where call_id = '?'");
  expect(rows).toEqual([{ entry: '{"half": ' }]);
  await waitFor(async () => (await redis.xlen(STREAM)) === 0);
});

test('a table locked against writing delays the rows, not the callers', async () => {
  const id = newCallId();
  const locker = new pg.Client({ connectionString: postgres.url });
  await locker.connect();
  await locker.query('begin; lock table call_entries in exclusive mode');
  expect(await appendAll(answeredCall(id))).toBeLessThan(2000);
  await locker.query('rollback');
  await locker.end();
  await waitFor(() => ledger.depth() === 0, 15_000);
  await expectWhole(id);
});
