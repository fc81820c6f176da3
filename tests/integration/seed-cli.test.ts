import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { systemClock } from '../../src/clock.ts';
import { createHours } from '../../src/hours/service.ts';
import { createPool } from '../../src/platform/pool.ts';
import { projectPath } from '../../src/platform/root.ts';
import { createStaff } from '../../src/staff/service.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { silentLog as log } from '../support/silent-log.ts';

const run = promisify(execFile);
const ZONE = 'Asia/Tehran';
const accounts = {
  admin: { username: 'admin', password: 'a long enough password' },
  expert: { username: 'expert', password: 'another long password' },
};

interface Made {
  migrations: string[];
  experts: string[];
  accounts: string[];
  opening: string | null;
}

let url: string;
let pool: Pool;

beforeEach(async () => {
  url = await createEmptyDatabase();
  pool = createPool(url, log);
});
afterEach(() => pool.end());

async function seed(args: string[], given: object | string = accounts): Promise<Made> {
  const env = {
    ...process.env,
    DATABASE_URL: url,
    CLINIC_TIMEZONE: ZONE,
    CLINIC_SEED_ACCOUNTS: typeof given === 'string' ? given : JSON.stringify(given),
  };
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'src/seed.ts', ...args], {
    cwd: projectPath(),
    env,
  });
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as Made;
}

async function signIn(username: string, password: string): Promise<boolean> {
  const options = {
    pool,
    clock: systemClock,
    sessionHours: 1,
    secondFactorRequired: false,
    issuer: 'Clinic',
  };
  return !(
    'refused' in (await createStaff(options).sessions.signIn({ username, password, address: 'test' }))
  );
}

describe('seeding', () => {
  test('makes everything from an empty database, and nothing twice', async () => {
    const made = await seed(['--experts', '5', '--open']);
    expect(made.migrations.length).toBeGreaterThan(0);
    expect(made.experts).toEqual(['e001', 'e002', 'e003', 'e004', 'e005']);
    expect(made.accounts).toEqual(['admin', 'expert']);
    expect(await signIn('admin', accounts.admin.password)).toBe(true);
    expect(await signIn('expert', accounts.expert.password)).toBe(true);
    const { rows } = await pool.query<{ count: string; intents: string[] }>(
      `select count(*), array_agg(distinct intent) as intents from expert_presence where valid_to is null`,
    );
    expect(rows).toEqual([{ count: '5', intents: ['ready'] }]);

    const again = await seed(['--experts', '7', '--open']);
    expect(again).toEqual({ migrations: [], experts: ['e006', 'e007'], accounts: [], opening: made.opening });
    const next = await pool.query<{ id: string }>('select next_expert_id() as id');
    expect(next.rows[0]?.id).toBe('e008');
  });

  test('gives an account that is there the password asked for', async () => {
    await seed(['--experts', '1']);
    const changed = { ...accounts, admin: { username: 'admin', password: 'yet another password' } };
    expect((await seed(['--experts', '1'], changed)).accounts).toEqual(['admin']);
    expect(await signIn('admin', accounts.admin.password)).toBe(false);
    expect(await signIn('admin', 'yet another password')).toBe(true);
  });

  test('with --open the clinic is open until the end of tomorrow; without, the real hours stand', async () => {
    const night = DateTime.now().setZone(ZONE).startOf('day').plus({ days: 1, hours: 3 });
    const openAtNight = async () => {
      const hours = await createHours({ pool, clock: systemClock, log, zone: ZONE });
      await hours.close();
      return hours.check('finance', night.toMillis());
    };
    expect((await seed(['--experts', '0'], {})).opening).toBeNull();
    expect(await openAtNight()).toMatchObject({ open: false, reason: 'outside-hours' });
    await seed(['--experts', '0', '--open'], {});
    const told = await openAtNight();
    expect(told).toMatchObject({ open: true, reason: 'opening' });
    expect(told.closesAt?.toISO()).toBe(night.plus({ hours: 21 }).toISO());
  });

  test.each([
    [['--experts', 'many'], accounts, 'seed-invalid'],
    [['--experts', '1', '--what'], accounts, '--what'],
    [['--experts', '1'], '{"admin": {"username": "admin", "password": "secret-', 'CLINIC_SEED_ACCOUNTS'],
    [['--experts', '1'], { king: { username: 'x', password: 'y' } }, 'seed-invalid'],
  ])('%j with %j is refused with one clear line', async (args, given, text) => {
    const failure = await seed(args, given).then(
      () => null,
      (error: { code: number; stderr: string }) => error,
    );
    expect(failure?.code).toBe(1);
    expect(failure?.stderr.trim().split('\n')).toHaveLength(1);
    expect(failure?.stderr).toContain(text);
    expect(failure?.stderr).not.toMatch(/secret|long password/);
  });
});
