import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { query, queryOne, transaction } from '../platform/sql.ts';
import { recordAudit } from './audit.ts';
import { hashPassword } from './passwords.ts';

const USERNAME = 'admin';
const NAME = 'مدیر سامانه';

export interface FirstAdmin {
  password: string;
  /** Base 32; null: no second factor. */
  otpSecret: string | null;
}

/**
 * Makes the account `admin` in an installation that has no account at all: everyone else is added by it. Any number of
 * processes may try at once. Once there is an account the values given are without effect, so a password changed since
 * is not set back by a restart.
 * @returns whether it was made now
 */
export async function makeFirstAdmin(pool: Pool, { password, otpSecret }: FirstAdmin): Promise<boolean> {
  if (!(await isFirst(pool))) return false;
  const passwordHash = await hashPassword(password);
  return transaction(pool, async (client) => {
    await query(client, 'staff/lock-accounts');
    if (!(await isFirst(client))) return false;
    const id = uuidv7();
    await query(client, 'staff/add-account', [id, USERNAME, passwordHash, 'admin', null, NAME, 'system']);
    if (otpSecret !== null) await query(client, 'staff/enrol-second-factor', [id, otpSecret]);
    const detail = { username: USERNAME, role: 'admin', secondFactor: otpSecret !== null };
    await recordAudit(client, {
      ...{ actor: 'system', action: 'account.added', subject: `account:${id}`, detail },
    });
    return true;
  });
}

async function isFirst(db: Parameters<typeof query>[0]): Promise<boolean> {
  return (await queryOne(db, 'staff/list-accounts', [null, 1])) === null;
}
