import { readFileSync } from 'node:fs';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Call } from '../../src/calls/call.ts';
import { createEarlierWaits } from '../../src/calls/earlier-waits.ts';
import { addDemoExperts } from '../../src/experts/demo-roster.ts';
import { projectPath } from '../../src/platform/root.ts';
import { createTestDatabase } from '../support/database.ts';
import { silentLog } from '../support/silent-log.ts';

/** What a citizen has waited in vain, as the calls in PostgreSQL tell it. */

const NOW = Date.parse('2026-11-23T08:30:00Z');
const CALLER = '+989121234567';
let pool: pg.Pool;
beforeAll(async () => {
  pool = new pg.Pool({ connectionString: await createTestDatabase() });
  await addDemoExperts(pool, 3);
});
beforeEach(() => pool.query('truncate calls cascade'));
afterAll(() => pool?.end());

interface Earlier {
  /** Minutes before now at which it was queued, and how long it lasted from there. */
  ago: number;
  seconds: number;
  ending?: string;
  specialty?: string;
  caller?: string;
  /** Seconds after queueing. */
  answered?: number;
  direction?: 'inbound' | 'outbound';
}

const called = ({ ago, seconds, ending = 'abandoned', answered, ...one }: Earlier) =>
  pool.query(
    `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, answered_at, ended_at, state, ending)
     select $1, $2, 'menu', $3, '', $4, at, at, at + $5 * interval '1 s', at + $6 * interval '1 s', 'ended', $7
     from (select to_timestamp($8::float8 / 1000) as at) as began`,
    [
      ...[uuidv7(), one.direction ?? 'inbound', one.caller ?? CALLER, one.specialty ?? 'transport'],
      ...[answered ?? null, seconds, ending, NOW - ago * 60_000],
    ],
  );

const call = { id: 'c1', caller: CALLER, specialty: 'transport', queuedAt: NOW, callback: null } as Call;
const start = (known: Partial<Call> = {}, settings: { hours?: number; longestSeconds?: number } = {}) =>
  createEarlierWaits({ pool, log: silentLog, hours: 24, longestSeconds: 600, ...settings }).headStartOf({
    ...call,
    ...known,
  });

describe('the head start', () => {
  it('is what was waited in vain, all of it, up to the longest', async () => {
    expect(await start()).toBe(0);
    await called({ ago: 60, seconds: 90 });
    expect(await start()).toBe(90);
    await called({ ago: 50, seconds: 40, ending: 'failed' });
    await called({ ago: 40, seconds: 10, ending: 'closed' });
    expect(await start()).toBe(140);
    await called({ ago: 30, seconds: 1500 });
    expect(await start()).toBe(600);
    expect(await start({}, { longestSeconds: 100 })).toBe(100);
  });

  it('counts only what came after the last talk, and begins anew with the next', async () => {
    await called({ ago: 90, seconds: 200 });
    await called({ ago: 60, seconds: 300, ending: 'answered', answered: 100 });
    expect(await start()).toBe(0);
    await called({ ago: 30, seconds: 50 });
    expect(await start()).toBe(50);
    // We called back, and they talked.
    await called({ ago: 10, seconds: 300, ending: 'answered', answered: 100, direction: 'outbound' });
    expect(await start()).toBe(0);
  });

  it('counts the same seconds of two calls at once only once', async () => {
    await called({ ago: 60, seconds: 100 });
    await called({ ago: 59, seconds: 100 });
    expect(await start()).toBe(160);
  });

  it('is of the same citizen, the same specialty and the last hours', async () => {
    await called({ ago: 60, seconds: 90, specialty: 'finance' });
    await called({ ago: 60, seconds: 90, caller: '+989120000000' });
    await called({ ago: 60 * 25, seconds: 90 });
    await called({ ago: 60, seconds: 90, ending: 'callback' });
    await called({ ago: 60, seconds: 90, ending: 'abandoned', direction: 'outbound' });
    expect(await start()).toBe(0);
    expect(await start({}, { hours: 26 })).toBe(90);
  });

  it('is nobody’s whose number is withheld, who is called back, or where it is not wanted', async () => {
    await called({ ago: 60, seconds: 90 });
    expect(await start({ caller: null })).toBe(0);
    expect(await start({ callback: { id: 'b1', number: CALLER, askings: 0 } })).toBe(0);
    expect(await start({}, { hours: 0 })).toBe(0);
    expect(await start()).toBe(90);
  });

  it('does not depend on when it is asked for', async () => {
    await called({ ago: 60, seconds: 90 });
    const before = await start();
    await called({ ago: -1, seconds: 90 });
    expect([before, await start()]).toEqual([90, 90]);
  });

  it('is none while PostgreSQL is locked, and keeps nobody waiting for it', async () => {
    await called({ ago: 60, seconds: 90 });
    const holder = await pool.connect();
    try {
      await holder.query('begin; lock table calls in access exclusive mode');
      const since = performance.now();
      expect(await start()).toBe(0);
      // Waiting for the lock would end with the test.
      expect(performance.now() - since).toBeLessThan(10_000);
    } finally {
      await holder.query('rollback');
      holder.release();
    }
  });

  it('is found by the number, however many calls there are', async () => {
    await pool.query(
      `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, ended_at, state, ending)
       select gen_random_uuid(), 'inbound', 'menu', '+98912' || lpad((n % 5000)::text, 7, '0'), '', 'transport', at, at, at + interval '30 s', 'ended', 'abandoned'
       from generate_series(1, 20000) as n, lateral (select to_timestamp($1::float8 / 1000) - n * interval '1 s' as at) as began`,
      [NOW],
    );
    await pool.query('analyze calls');
    const sql = readFileSync(projectPath('sql/queries/calls/earlier-wait.sql'), 'utf8');
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, [
      ...[CALLER, 'transport', new Date(NOW - 86_400_000), new Date(NOW)],
    ]);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('calls_caller');
    expect(plan).not.toContain('Seq Scan');
  });
});
