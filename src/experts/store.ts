import type { ClientBase, Pool } from 'pg';
import type { SipAccount } from '../asterisk/telephony.ts';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import type { Intent } from '../routing/routing.ts';
import { samePresence, type Presence, type Skill } from './rules.ts';

/** The rows of experts. Skills and presence are effective-dated; every change carries its actor. */

export interface ExpertRow {
  id: string;
  name: string;
  active: boolean;
  version: number;
  /** In the order of the specialties. */
  skills: Skill[];
  presence: Presence;
  /** Has a telephone's account. */
  softphone: boolean;
}

/** An expert as the exchange and the queues need them. */
export interface RosterEntry {
  id: string;
  active: boolean;
  /** Empty for those who are not active. */
  specialties: string[];
  /** Of the specialties, side by side. */
  levels: number[];
  presence: Presence;
  softphone: SipAccount | null;
}

export interface PresenceChange extends Presence {
  expertId: string;
  /** ms since the epoch; null: now, by the database's clock. */
  at: number | null;
  /** `expert:<id>`, `account:<id>` or `system`. */
  actor: string;
}

interface PresenceColumns {
  intent: Intent;
  reason: string | null;
  until: Date | null;
}

interface ExpertColumns extends PresenceColumns {
  id: string;
  name: string;
  active: boolean;
  version: number;
  skills: Skill[];
  softphone: boolean;
}

interface RosterColumns extends PresenceColumns {
  id: string;
  active: boolean;
  specialties: string[];
  levels: number[];
  username: string | null;
  realm: string | null;
  ha1: string | null;
}

/** Newest first, one row more than `limit` if there are more. after: the last id seen. */
export async function listExperts(db: Queryable, after: string | null, limit: number): Promise<ExpertRow[]> {
  return (await query<ExpertColumns>(db, 'experts/list-experts', [after, limit + 1])).map(expertOf);
}

export async function findExpert(db: Queryable, id: string): Promise<ExpertRow | null> {
  const row = await queryOne<ExpertColumns>(db, 'experts/find-expert', [id]);
  return row === null ? null : expertOf(row);
}

/** expertId null: everybody. */
export async function readRoster(db: Queryable, expertId: string | null): Promise<RosterEntry[]> {
  const rows = await query<RosterColumns>(db, 'experts/roster', [expertId]);
  return rows.map(({ id, active, specialties, levels, username, realm, ha1, ...presence }) => {
    const known = username !== null && realm !== null && ha1 !== null;
    return {
      id,
      active,
      specialties,
      levels,
      presence: presenceOf(presence),
      softphone: known ? { username, realm, ha1 } : null,
    };
  });
}

/**
 * @returns the new expert's id, the next free one.
 * @throws PostgreSQL's 23503 for an unknown specialty; nothing is added then.
 */
export async function addExpert(
  db: ClientBase,
  expert: { name: string; skills: readonly Skill[] },
  actor: string,
): Promise<string> {
  const row = await queryOne<{ id: string }>(db, 'experts/add-expert', [expert.name, actor]);
  if (row === null) throw new Error('an insert gave no row');
  await putSkills(db, row.id, expert.skills, actor);
  return row.id;
}

/** Waits until nobody else is changing this expert; null: there is no such expert. Within a transaction. */
export async function lockExpert(
  db: ClientBase,
  id: string,
): Promise<{ active: boolean; version: number } | null> {
  return await queryOne<{ active: boolean; version: number }>(db, 'experts/lock-expert', [id]);
}

/** null leaves a thing as it is. After lockExpert, in its transaction. */
export async function changeExpert(
  db: ClientBase,
  id: string,
  change: { name: string | null; active: boolean | null; skills: readonly Skill[] | null },
  actor: string,
): Promise<void> {
  await query(db, 'experts/change-expert', [id, change.name, change.active]);
  if (change.skills !== null) await putSkills(db, id, change.skills, actor);
}

/** After lockExpert or the insert, in its transaction. Skills that stay as they are keep their row. */
export async function putSkills(
  db: ClientBase,
  id: string,
  skills: readonly Skill[],
  actor: string,
): Promise<void> {
  const columns = [skills.map((skill) => skill.specialty), skills.map((skill) => skill.level)];
  await query(db, 'experts/close-skills', [id, ...columns]);
  await query(db, 'experts/open-skills', [id, ...columns, actor]);
}

/**
 * Keeps what an expert wants from `at` on. News older than what is kept already are dropped (`outdated`): they waited
 * for PostgreSQL while someone decided otherwise.
 */
export async function savePresence(
  pool: Pool,
  change: PresenceChange,
): Promise<'saved' | 'unchanged' | 'outdated' | 'unknown-expert'> {
  return await transaction(pool, async (db) => {
    if ((await lockExpert(db, change.expertId)) === null) return 'unknown-expert';
    return await putPresence(db, change);
  });
}

/** Like savePresence; after lockExpert, in its transaction. */
export async function putPresence(
  db: ClientBase,
  change: PresenceChange,
): Promise<'saved' | 'unchanged' | 'outdated'> {
  const { expertId, intent, reason, actor } = change;
  const at = change.at === null ? null : new Date(change.at);
  const current = await queryOne<PresenceColumns & { outdated: boolean }>(db, 'experts/current-presence', [
    expertId,
    at,
  ]);
  if (current?.outdated === true) return 'outdated';
  if (current !== null && samePresence(presenceOf(current), change)) return 'unchanged';
  await query(db, 'experts/close-presence', [expertId, at]);
  const until = change.until === null ? null : new Date(change.until);
  await query(db, 'experts/open-presence', [expertId, intent, reason, until, at, actor]);
  return 'saved';
}

/** After lockExpert, in its transaction. */
export async function putSoftphone(db: ClientBase, account: SipAccount, actor: string): Promise<void> {
  await query(db, 'experts/put-softphone', [account.username, account.realm, account.ha1, actor]);
}

function presenceOf({ intent, reason, until }: PresenceColumns): Presence {
  return { intent, reason, until: until?.getTime() ?? null };
}

function expertOf({ id, name, active, version, skills, softphone, ...presence }: ExpertColumns): ExpertRow {
  return { id, name, active, version, skills, softphone, presence: presenceOf(presence) };
}
