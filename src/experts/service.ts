import type { Pool } from 'pg';
import type { Log } from '../log.ts';
import { fault, messageOf } from '../platform/fault.ts';
import { transaction } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';
import type { ExpertStatus, Intent, Routing } from '../routing/routing.ts';
import type { Skill } from './rules.ts';
import { newPassword, sipAccount } from './softphone.ts';
import * as store from './store.ts';

/** The roster and what experts want, for any process. What is kept is applied by the process that has the calls. */

/** An expert, and what this expert does this second; status null: not known to routing, or routing cannot be read. */
export type Expert = store.ExpertRow & { status: ExpertStatus | null };

export interface Softphone {
  username: string;
  /** Shown once, kept nowhere. */
  password: string;
  domain: string;
  port: number;
  wsUrl: string;
}

export interface ExpertChange {
  name?: string | undefined;
  active?: boolean | undefined;
  /** All skills the expert has from now on. */
  skills?: readonly Skill[] | undefined;
}

export interface Experts {
  /** Newest first, one more than `limit` if there are more. after: the last id of the page before. */
  list(after: string | null, limit: number): Promise<Expert[]>;
  find(id: string): Promise<Expert | null>;
  /** @throws PostgreSQL's 23503 for an unknown specialty. actor: `account:<id>` or `system`. */
  add(expert: { name: string; skills: readonly Skill[] }, actor: string): Promise<Expert>;
  /**
   * matches: told the present version, says whether it is the one the sender knows. An expert who is made inactive
   * goes offline and can no longer register.
   * @throws PostgreSQL's 23503 for an unknown specialty.
   */
  change(
    id: string,
    change: ExpertChange,
    actor: string,
    matches: (version: number) => boolean,
  ): Promise<Expert | 'unknown' | 'stale'>;
  /**
   * Keeps what the expert wants and has it applied.
   * @returns what the expert does then: paused while talking counts from the end of the talk.
   * @throws `telephone-exchange-unavailable`: kept, and applied as soon as the exchange is back.
   */
  setPresence(
    id: string,
    presence: { state: Intent; reason: string | null },
    actor: string,
  ): Promise<ExpertStatus | 'unknown' | 'inactive'>;
  /**
   * Gives the expert's telephone a new password.
   * @throws `telephone-exchange-unavailable`: nothing was kept; whether the exchange took the new password in the last
   *   moment is not known, so ask for another one.
   */
  newSoftphone(id: string, actor: string): Promise<Softphone | 'unknown' | 'inactive'>;
}

export interface ExpertsDeps {
  pool: Pool;
  routing: Pick<Routing, 'expert' | 'experts'>;
  /** Asks the process that has the calls, and waits for its answer. */
  commands: {
    send(name: string, payload: Record<string, unknown>, options: { timeoutMs: number }): Promise<unknown>;
  };
  log: Log;
  sip: { domain: string; port: number; wsUrl: string; realm: string };
}

const ANSWER_WITHIN_MS = 3000;

export function createExperts({ pool, routing, commands, log, sip }: ExpertsDeps): Experts {
  async function ask(name: string, payload: Record<string, unknown>, said: string): Promise<unknown> {
    try {
      return await commands.send(name, payload, { timeoutMs: ANSWER_WITHIN_MS });
    } catch (error) {
      throw fault('telephone-exchange-unavailable', said, error);
    }
  }

  /** A roster that could not be applied at once is no fault of the change: the exchange reads it anew when it is back. */
  async function applyRoster(expertId: string): Promise<void> {
    await ask('roster.apply', { expertId }, 'The roster was not applied').catch((error: unknown) => {
      log.warn({ err: error, expertId }, 'roster.unapplied');
    });
  }

  /** Without Redis the roster can still be read. */
  async function live<T>(reading: Promise<T>): Promise<T | null> {
    return await reading.catch((error: unknown) => {
      log.warn({ detail: messageOf(error) }, 'expert-status.unread');
      return null;
    });
  }

  async function find(id: string): Promise<Expert | null> {
    const row = await store.findExpert(pool, id);
    return row === null ? null : { ...row, status: await live(routing.expert(id)) };
  }

  async function list(after: string | null, limit: number): Promise<Expert[]> {
    const [rows, statuses] = await Promise.all([
      store.listExperts(pool, after, limit),
      live(routing.experts()),
    ]);
    const byId = new Map((statuses ?? []).map((status) => [status.expertId, status]));
    return rows.map((row) => ({ ...row, status: byId.get(row.id) ?? null }));
  }

  async function kept(id: string): Promise<Expert> {
    await applyRoster(id);
    const expert = await find(id);
    if (expert === null) throw fault('expert-vanished', `${id} was kept and is not there`);
    return expert;
  }

  async function add(expert: { name: string; skills: readonly Skill[] }, actor: string): Promise<Expert> {
    const id = await transaction(pool, async (db) => {
      const added = await store.addExpert(db, expert, actor);
      await recordAudit(db, {
        actor,
        action: 'expert.added',
        subject: `expert:${added}`,
        detail: { ...expert },
      });
      return added;
    });
    log.info({ expertId: id, actor }, 'expert.added');
    return await kept(id);
  }

  async function change(
    id: string,
    wanted: ExpertChange,
    actor: string,
    matches: (version: number) => boolean,
  ) {
    const { name = null, active = null, skills = null } = wanted;
    const outcome = await transaction(pool, async (db) => {
      const present = await store.lockExpert(db, id);
      if (present === null) return 'unknown';
      if (!matches(present.version)) return 'stale';
      await store.changeExpert(db, id, { name, active, skills }, actor);
      if (active === false) await store.putPresence(db, { expertId: id, ...INACTIVE, at: null, actor });
      await recordAudit(db, {
        actor,
        action: 'expert.changed',
        subject: `expert:${id}`,
        detail: { ...wanted },
      });
      return 'changed';
    });
    if (outcome !== 'changed') return outcome;
    log.info({ expertId: id, actor }, 'expert.changed');
    return await kept(id);
  }

  async function setPresence(
    id: string,
    { state, reason }: { state: Intent; reason: string | null },
    actor: string,
  ) {
    const outcome = await transaction(pool, async (db) => {
      const present = await store.lockExpert(db, id);
      if (present === null) return 'unknown';
      if (!present.active) return 'inactive';
      return await store.putPresence(db, {
        expertId: id,
        intent: state,
        reason,
        until: null,
        at: null,
        actor,
      });
    });
    if (outcome === 'unknown' || outcome === 'inactive') return outcome;
    log.info({ expertId: id, state, reason, actor }, 'presence.saved');
    const said = 'It is kept, and will be applied when the telephone exchange is back.';
    return (await ask('presence.apply', { expertId: id }, said)) as ExpertStatus;
  }

  async function newSoftphone(id: string, actor: string) {
    const password = newPassword();
    const account = sipAccount(id, sip.realm, password);
    // The exchange is asked inside the transaction: what it did not take is not kept, and two requests for one
    // expert take turns, so that what is kept is what the exchange took last.
    const outcome = await transaction(pool, async (db) => {
      const present = await store.lockExpert(db, id);
      if (present === null) return 'unknown';
      if (!present.active) return 'inactive';
      await store.putSoftphone(db, account, actor);
      await recordAudit(db, { actor, action: 'softphone.renewed', subject: `expert:${id}` });
      await ask('softphone.put', { ...account }, UNCERTAIN);
      return 'made';
    });
    if (outcome !== 'made') return outcome;
    log.info({ expertId: id, actor }, 'softphone.renewed');
    const { domain, port, wsUrl } = sip;
    return { username: id, password, domain, port, wsUrl };
  }

  return { list, find, add, change, setPresence, newSoftphone };
}

const INACTIVE = { intent: 'offline', reason: 'inactive', until: null } as const;
const UNCERTAIN =
  'No new password was kept. The old one may have stopped working in the last moment: try again before using the telephone.';
