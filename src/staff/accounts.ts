import type { ClientBase, Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { codeOf } from '../platform/fault.ts';
import { query, queryOne, transaction } from '../platform/sql.ts';
import { recordAudit } from './audit.ts';
import { newEnrolment, type Enrolment } from './one-time-codes.ts';
import { hashPassword } from './passwords.ts';
import type { Role } from './rules.ts';

export interface Account {
  id: string;
  username: string;
  name: string;
  role: Role;
  expertId: string | null;
  active: boolean;
  secondFactor: boolean;
  version: number;
  createdAt: Date;
}

export interface NewAccount {
  username: string;
  password: string;
  name: string;
  role: Role;
  expertId: string | null;
}

export interface AccountChange {
  name?: string | undefined;
  role?: Role | undefined;
  active?: boolean | undefined;
  password?: string | undefined;
}

export type AddRefusal = 'username-taken' | 'expert-taken' | 'expert-unknown' | 'expert-missing';

export interface Accounts {
  find(id: string): Promise<Account | null>;
  /** Newest first; after: the last id of the page before. */
  list(after: string | null, limit: number): Promise<Account[]>;
  add(account: NewAccount, actor: string): Promise<Account | { refused: AddRefusal }>;
  /**
   * Changes an account at the version that was read. A new password, role or a withdrawn right ends its sign-ins.
   * `stale`: changed meanwhile.
   */
  change(
    id: string,
    version: number,
    change: AccountChange,
    actor: string,
  ): Promise<Account | 'stale' | 'expert-missing'>;
  /** Gives an account a new secret for one-time codes, to be shown once; null if there is no such account. */
  enrolSecondFactor(id: string, actor: string): Promise<Enrolment | null>;
}

interface Row extends Record<string, unknown> {
  id: string;
  username: string;
  name: string;
  role: Role;
  expert_id: string | null;
  active: boolean;
  second_factor: boolean;
  version: number;
  created_at: Date;
}

/** What the table itself refuses, by the constraint's name. */
const REFUSALS: Readonly<Record<string, AddRefusal>> = {
  accounts_username: 'username-taken',
  accounts_expert_id_key: 'expert-taken',
  accounts_expert_id_fkey: 'expert-unknown',
};

export function createAccounts(pool: Pool, issuer: string): Accounts {
  async function find(id: string): Promise<Account | null> {
    const row = await queryOne<Row>(pool, 'staff/find-account', [id]);
    return row === null ? null : toAccount(row);
  }

  async function list(after: string | null, limit: number): Promise<Account[]> {
    return (await query<Row>(pool, 'staff/list-accounts', [after, limit])).map(toAccount);
  }

  async function add(account: NewAccount, actor: string): Promise<Account | { refused: AddRefusal }> {
    const { username, name, role, expertId } = account;
    if (role === 'expert' && expertId === null) return { refused: 'expert-missing' };
    const passwordHash = await hashPassword(account.password);
    try {
      return await transaction(pool, async (client) => {
        const row = await queryOne<Row>(client, 'staff/add-account', [
          ...[uuidv7(), username, passwordHash, role],
          ...[expertId, name, actor],
        ]);
        const added = toAccount(row as Row);
        await audit(client, actor, 'account.added', added.id, { username, role, expertId });
        return added;
      });
    } catch (error) {
      const refused = refusalOf(error);
      if (refused === null) throw error;
      return { refused };
    }
  }

  async function change(
    id: string,
    version: number,
    wanted: AccountChange,
    actor: string,
  ): Promise<Account | 'stale' | 'expert-missing'> {
    const { name = null, role = null, active = null, password } = wanted;
    const passwordHash = password === undefined ? null : await hashPassword(password);
    return transaction(pool, async (client) => {
      const before = await queryOne<Row>(client, 'staff/find-account', [id]);
      if (role === 'expert' && before?.expert_id === null) return 'expert-missing';
      const row = await queryOne<Row>(client, 'staff/change-account', [
        id,
        version,
        name,
        role,
        active,
        passwordHash,
      ]);
      if (row === null) return 'stale';
      if (role !== null || active !== null || passwordHash !== null)
        await query(client, 'staff/end-account-sessions', [id]);
      await audit(client, actor, 'account.changed', id, {
        name,
        role,
        active,
        password: password !== undefined,
      });
      return toAccount(row);
    });
  }

  async function enrolSecondFactor(id: string, actor: string): Promise<Enrolment | null> {
    return transaction(pool, async (client) => {
      const account = await queryOne<Row>(client, 'staff/find-account', [id]);
      if (account === null) return null;
      const enrolment = newEnrolment(issuer, account.username);
      await query(client, 'staff/enrol-second-factor', [id, enrolment.secret]);
      await audit(client, actor, 'account.second-factor-enrolled', id, {});
      return enrolment;
    });
  }

  return { find, list, add, change, enrolSecondFactor };
}

function audit(
  client: ClientBase,
  actor: string,
  action: string,
  id: string,
  detail: Record<string, unknown>,
) {
  return recordAudit(client, { actor, action, subject: `account:${id}`, detail });
}

function refusalOf(error: unknown): AddRefusal | null {
  const code = codeOf(error);
  if (code !== '23505' && code !== '23503') return null;
  const { constraint } = error as { constraint?: string };
  return REFUSALS[constraint ?? ''] ?? null;
}

function toAccount(row: Row): Account {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    role: row.role,
    expertId: row.expert_id,
    active: row.active,
    secondFactor: row.second_factor,
    version: row.version,
    createdAt: row.created_at,
  };
}
