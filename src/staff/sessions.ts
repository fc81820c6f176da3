import { createHash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { query, queryOne, transaction } from '../platform/sql.ts';
import { recordAudit } from './audit.ts';
import { stepOfCode } from './one-time-codes.ts';
import { passwordMatches } from './passwords.ts';
import { secondFactorConcerns, type Role } from './rules.ts';

/** Who is signed in, as every route sees it. */
export interface SignedIn {
  sessionId: string;
  accountId: string;
  /** `account:<id>`, for every column that says who did it. */
  actor: string;
  username: string;
  name: string;
  role: Role;
  /** The expert this account belongs to, if any. */
  expertId: string | null;
  expiresAt: Date;
}

export interface Credentials {
  username: string;
  password: string;
  otp?: string | undefined;
  /** Where from, for the audit. */
  address: string;
}

export type SignInRefusal =
  'credentials-invalid' | 'second-factor-required' | 'second-factor-invalid' | 'second-factor-not-enrolled';
export type SignIn = { token: string; who: SignedIn } | { refused: SignInRefusal };

interface SessionOptions {
  pool: Pool;
  clock: Clock;
  sessionHours: number;
  secondFactorRequired: boolean;
}

export interface Sessions {
  signIn(credentials: Credentials): Promise<SignIn>;
  /** Whose token this is; `expired` once its time is over, null if it is nobody's (any more). */
  authenticate(token: string): Promise<SignedIn | 'expired' | null>;
  signOut(who: SignedIn): Promise<void>;
}

interface AccountRow extends Record<string, unknown> {
  id: string;
  username: string;
  password_hash: string;
  role: Role;
  expert_id: string | null;
  name: string;
  active: boolean;
  totp_secret: string | null;
}

interface SessionRow extends Record<string, unknown> {
  session_id: string;
  expires_at: Date;
  account_id: string;
  username: string;
  name: string;
  role: Role;
  expert_id: string | null;
}

const TOKEN_BYTES = 32;
const TOKEN_SHAPE = /^[A-Za-z0-9_-]{43}$/;

export function createSessions(options: SessionOptions): Sessions {
  const { pool, clock } = options;

  async function signIn(credentials: Credentials): Promise<SignIn> {
    const account = await queryOne<AccountRow>(pool, 'staff/find-account-by-username', [
      credentials.username,
    ]);
    const usable = account !== null && account.active ? account : null;
    const matches = await passwordMatches(usable?.password_hash ?? null, credentials.password);
    if (usable === null || !matches) return refuse(account, 'credentials-invalid', credentials);
    // Whether a second factor is asked for is told only to who knows the password.
    const lacking = await secondFactor(usable, credentials.otp);
    if (lacking !== null) return refuse(usable, lacking, credentials);
    return start(usable, credentials);
  }

  async function secondFactor(account: AccountRow, otp: string | undefined): Promise<SignInRefusal | null> {
    if (account.totp_secret === null) {
      const due = options.secondFactorRequired && secondFactorConcerns(account.role);
      return due ? 'second-factor-not-enrolled' : null;
    }
    if (otp === undefined) return 'second-factor-required';
    const step = stepOfCode(account.totp_secret, otp, clock.now());
    if (step === null) return 'second-factor-invalid';
    const spent = await query(pool, 'staff/use-one-time-code', [account.id, step]);
    return spent.length === 1 ? null : 'second-factor-invalid';
  }

  /** Attempts on names nobody has are not audited: anyone could fill the table, and people type passwords as names. */
  async function refuse(
    account: AccountRow | null,
    refused: SignInRefusal,
    { address }: Credentials,
  ): Promise<SignIn> {
    if (account !== null) {
      const subject = `account:${account.id}`;
      await recordAudit(pool, {
        actor: 'system',
        action: 'session.refused',
        subject,
        detail: { because: refused, address },
      });
    }
    return { refused };
  }

  async function start(account: AccountRow, { address }: Credentials): Promise<SignIn> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const createdAt = clock.now();
    const expiresAt = new Date(createdAt + options.sessionHours * 3_600_000);
    const who = signedInAs({
      ...account,
      account_id: account.id,
      session_id: uuidv7(),
      expires_at: expiresAt,
    });
    await transaction(pool, async (client) => {
      const row = [who.sessionId, account.id, hashToken(token), new Date(createdAt), expiresAt];
      await query(client, 'staff/add-session', row);
      await recordAudit(client, {
        actor: who.actor,
        action: 'session.started',
        subject: who.actor,
        detail: { address },
      });
    });
    return { token, who };
  }

  async function authenticate(token: string): Promise<SignedIn | 'expired' | null> {
    if (!TOKEN_SHAPE.test(token)) return null;
    const row = await queryOne<SessionRow>(pool, 'staff/find-session', [hashToken(token)]);
    if (row === null) return null;
    return row.expires_at.getTime() <= clock.now() ? 'expired' : signedInAs(row);
  }

  async function signOut(who: SignedIn): Promise<void> {
    await transaction(pool, async (client) => {
      await query(client, 'staff/end-session', [who.sessionId]);
      await recordAudit(client, { actor: who.actor, action: 'session.ended', subject: who.actor });
    });
  }

  return { signIn, authenticate, signOut };
}

function signedInAs(row: SessionRow): SignedIn {
  return {
    sessionId: row.session_id,
    accountId: row.account_id,
    actor: `account:${row.account_id}`,
    username: row.username,
    name: row.name,
    role: row.role,
    expertId: row.expert_id,
    expiresAt: row.expires_at,
  };
}

/** A token has 256 random bits: a plain hash is enough, nothing can be guessed from it. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
