import { DateTime } from 'luxon';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Pool } from 'pg';
import { systemClock } from '../../src/clock.ts';
import { createHours, type Hours } from '../../src/hours/service.ts';
import { addOpening, cancelOpening } from '../../src/hours/openings-store.ts';
import { findWeekly, replaceWeekly } from '../../src/hours/store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createTestDatabase } from '../support/database.ts';

const ZONE = 'Asia/Tehran';
const log = pino({ level: 'silent' });
const at = (text: string) => DateTime.fromISO(text, { zone: ZONE }).toMillis();
const always = () => true;
const soon = { timeout: 10_000, interval: 10 };

let url: string;
let pool: Pool;
const opened: Hours[] = [];

async function hoursOn(on: Pool): Promise<Hours> {
  const hours = await createHours({ pool: on, clock: systemClock, log, zone: ZONE });
  opened.push(hours);
  return hours;
}

/** What every later opening hour looks like: far in the future, so that changes made "now" count. */
const MONDAY_20 = at('2040-11-19T20:00');
const MONDAY_10 = at('2040-11-19T10:00');

beforeEach(async () => {
  url = await createTestDatabase();
  pool = createPool(url, log);
});

afterEach(async () => {
  for (const hours of opened.splice(0)) await hours.close();
  await pool.end();
});

describe('the hours in memory', () => {
  test('a new installation is open every day from 8 to 16, told in the zone of the clinic', async () => {
    const hours = await hoursOn(pool);
    expect(hours.check('finance', at('2026-11-23T09:00'))).toMatchObject({
      open: true,
      reason: 'weekly',
      opensAt: null,
    });
    const closed = hours.check(null, at('2026-11-23T17:00'));
    expect(closed).toMatchObject({ open: false, reason: 'outside-hours', closesAt: null });
    expect(closed.opensAt?.toISO()).toBe('2026-11-24T08:00:00.000+03:30');
  });

  test('follow a change made by another process', async () => {
    const hours = await hoursOn(pool);
    expect(hours.check('finance', MONDAY_20).open).toBe(false);
    await replaceWeekly(
      pool,
      'finance',
      { weekly: [{ weekday: 1, opens: '18:00', closes: '24:00' }], from: null },
      'account:1',
      always,
    );
    await vi.waitFor(() => expect(hours.check('finance', MONDAY_20).open).toBe(true), soon);
    expect(hours.check('finance', MONDAY_20).closesAt?.toISO()).toBe('2040-11-20T00:00:00.000+03:30');
    expect(hours.check('transport', MONDAY_20).open).toBe(false);
    expect(hours.check(null, MONDAY_20).open).toBe(true);
  });

  test('a broken connection is replaced, and what was changed meanwhile is read', async () => {
    const hours = await hoursOn(pool);
    const other = createPool(url, log);
    const killed = await other.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    expect(killed.rowCount).toBeGreaterThan(0);
    await replaceWeekly(
      other,
      'finance',
      { weekly: [{ weekday: 1, opens: '18:00', closes: '24:00' }], from: null },
      'account:1',
      always,
    );
    await vi.waitFor(() => expect(hours.check('finance', MONDAY_20).open).toBe(true), soon);
    await replaceWeekly(other, 'finance', { weekly: [], from: null }, 'account:1', always);
    await vi.waitFor(
      () => expect(hours.check('finance', MONDAY_20)).toMatchObject({ open: false, opensAt: null }),
      soon,
    );
    await other.end();
  });

  test('without PostgreSQL the default is told as such; later the real hours', async () => {
    const admin = createPool(url.replace(/\/[^/]*$/, '/postgres'), log);
    const name = new URL(url).pathname.slice(1);
    await replaceWeekly(
      pool,
      'finance',
      { weekly: [{ weekday: 1, opens: '18:00', closes: '24:00' }], from: null },
      'account:1',
      always,
    );
    await pool.end();
    await admin.query(`alter database ${name} allow_connections false`);
    pool = createPool(url, log);
    const hours = await hoursOn(pool);
    expect(hours.readAt()).toBeNull();
    expect(hours.check('finance', MONDAY_10)).toMatchObject({ open: true, reason: 'default-hours' });
    expect(hours.check('finance', MONDAY_20)).toMatchObject({ open: false, reason: 'default-hours' });
    await admin.query(`alter database ${name} allow_connections true`);
    await vi.waitFor(
      () => expect(hours.check('finance', MONDAY_20)).toMatchObject({ open: true, reason: 'weekly' }),
      soon,
    );

    await admin.query(`alter database ${name} allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    await expect(hours.reload()).rejects.toThrow();
    expect(hours.check('finance', MONDAY_20)).toMatchObject({ open: true, reason: 'weekly' });
    await admin.end();
  });
});

describe('changing the hours', () => {
  test('keeps the past, closes the old version and names the actor', async () => {
    const before = await findWeekly(pool, 'finance');
    expect(before).toMatchObject({ specialty: 'finance', actor: 'system' });
    expect(before?.weekly).toHaveLength(7);
    const week = [
      { weekday: 1, opens: '08:00', closes: '12:00' },
      { weekday: 1, opens: '13:30', closes: '24:00' },
    ];
    const change = await replaceWeekly(
      pool,
      'finance',
      { weekly: week, from: null },
      'account:7',
      (version) => version === before?.version,
    );
    expect(change).toMatchObject({ outcome: 'changed', hours: { weekly: week, actor: 'account:7' } });
    const hours = await hoursOn(pool);
    expect(hours.check('finance', at('2026-01-07T09:00')).open).toBe(true);
    expect(hours.check('finance', at('2040-01-04T09:00')).open).toBe(false);
    expect(await findWeekly(pool, 'finance')).toEqual(change.outcome === 'changed' ? change.hours : null);
  });

  test('a version that is not the present one is refused, an unknown specialty too', async () => {
    expect(
      await replaceWeekly(pool, 'finance', { weekly: [], from: null }, 'account:1', () => false),
    ).toEqual({ outcome: 'stale' });
    expect((await findWeekly(pool, 'finance'))?.weekly).toHaveLength(7);
    expect(await replaceWeekly(pool, 'astrology', { weekly: [], from: null }, 'account:1', always)).toEqual({
      outcome: 'unknown-specialty',
    });
    expect(await findWeekly(pool, 'astrology')).toBeNull();
  });

  test('of two at once with the same version one wins', async () => {
    const version = (await findWeekly(pool, 'finance'))?.version;
    const attempt = (opens: string) =>
      replaceWeekly(
        pool,
        'finance',
        { weekly: [{ weekday: 1, opens, closes: '16:00' }], from: null },
        'account:1',
        (now) => now === version,
      );
    const outcomes = await Promise.all([attempt('09:00'), attempt('10:00'), attempt('11:00')]);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['changed', 'stale', 'stale']);
    expect((await findWeekly(pool, 'finance'))?.weekly).toHaveLength(1);
  });

  test('many changes in a row keep a history without overlaps', async () => {
    for (const opens of ['09:00', '10:00', '11:00']) {
      await replaceWeekly(
        pool,
        'finance',
        { weekly: [{ weekday: 1, opens, closes: '16:00' }], from: null },
        'account:1',
        always,
      );
    }
    const { rows } = await pool.query<{ opens: string; gapless: boolean }>(
      `select opens::text, valid_to is not distinct from lead(valid_from) over (order by valid_from) as gapless
       from weekly_hours where specialty = 'finance' and weekday = 1 order by valid_from`,
    );
    expect(rows.map((row) => row.opens)).toEqual(['08:00:00', '09:00:00', '10:00:00', '11:00:00']);
    expect(rows.every((row) => row.gapless)).toBe(true);
  });
});

describe('exceptional openings', () => {
  const night = {
    startsAt: new Date(MONDAY_20 - 3_600_000),
    endsAt: new Date(MONDAY_20 + 3_600_000),
    reason: 'elections',
  };

  test('count at once, and no longer once taken back', async () => {
    const hours = await hoursOn(pool);
    const opening = await addOpening(pool, { ...night, specialty: null }, 'account:1');
    await vi.waitFor(
      () => expect(hours.check('finance', MONDAY_20)).toMatchObject({ open: true, reason: 'opening' }),
      soon,
    );
    expect(await cancelOpening(pool, opening.id, 'account:2')).toBe(true);
    await vi.waitFor(() => expect(hours.check('finance', MONDAY_20).open).toBe(false), soon);
    expect(await cancelOpening(pool, opening.id, 'account:2')).toBe(false);
  });

  test('one cancelled while it lasted was open until then', async () => {
    const now = Date.now();
    const lasting = {
      startsAt: new Date(now - 7_200_000),
      endsAt: new Date(now + 7_200_000),
      reason: 'heat',
    };
    await replaceWeekly(pool, 'finance', { weekly: [], from: null }, 'account:1', always);
    const opening = await addOpening(pool, { ...lasting, specialty: 'finance' }, 'account:1');
    await pool.query('update openings set created_at = starts_at');
    await cancelOpening(pool, opening.id, 'account:1');
    const hours = await hoursOn(pool);
    expect(hours.check('finance', now - 3_600_000)).toMatchObject({ open: true });
    expect(hours.check('finance', now + 3_600_000)).toMatchObject({ open: false, opensAt: null });
  });
});
