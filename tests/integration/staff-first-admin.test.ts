import type pg from 'pg';
import { TOTP, Secret } from 'otpauth';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createPool } from '../../src/platform/pool.ts';
import { makeFirstAdmin } from '../../src/staff/first-admin.ts';
import { createStaff } from '../../src/staff/service.ts';
import { createTestDatabase } from '../support/database.ts';
import { silentLog } from '../support/silent-log.ts';

/** A new installation gets its first administrator once, however many processes start it, and never again. */

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const first = { password: 'a long enough password', otpSecret: SECRET };

let pool: pg.Pool;
beforeEach(async () => {
  pool = createPool(await createTestDatabase(), silentLog);
});
afterEach(() => pool.end());

const staff = () =>
  createStaff({ pool, clock: systemClock, sessionHours: 1, secondFactorRequired: true, issuer: 'Clinic' });
const signIn = (password: string, otp?: string) =>
  staff().sessions.signIn({
    ...{ username: 'admin', password, address: 'test' },
    ...(otp === undefined ? {} : { otp }),
  });
const code = () => new TOTP({ secret: Secret.fromBase32(SECRET) }).generate();

describe('the first admin', () => {
  test('is made once by any number of starters, and can sign in under the policy of a second factor', async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => makeFirstAdmin(pool, first)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await signIn(first.password)).toEqual({ refused: 'second-factor-required' });
    expect(await signIn(first.password, code())).toMatchObject({ who: { username: 'admin', role: 'admin' } });
    const { rows } = await pool.query<{ detail: object }>(
      `select detail from audit where action = 'account.added'`,
    );
    expect(rows).toEqual([{ detail: { username: 'admin', role: 'admin', secondFactor: true } }]);
  });

  test('is neither made nor changed where anyone has an account already', async () => {
    await makeFirstAdmin(pool, first);
    expect(await makeFirstAdmin(pool, { password: 'another long password', otpSecret: null })).toBe(false);
    expect(await signIn('another long password')).toEqual({ refused: 'credentials-invalid' });
    expect((await staff().accounts.list(null, 10)).map(({ username }) => username)).toEqual(['admin']);
  });

  test('has no second factor where none is given', async () => {
    expect(await makeFirstAdmin(pool, { ...first, otpSecret: null })).toBe(true);
    expect(await signIn(first.password)).toEqual({ refused: 'second-factor-not-enrolled' });
  });
});
