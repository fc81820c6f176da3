import type { ClientBase, Pool } from 'pg';
import { partiesOf, UNANSWERED } from '../cases/rules.ts';
import type { Cases, CaseStory, Who } from '../cases/service.ts';
import { transaction } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';
import { schedule, type SchedulingDeps, type Unscheduled } from './scheduling.ts';
import * as store from './store.ts';

/** What staff do about a citizen's callback: say when, or that nobody is to be called. */
export interface CallbackDesk {
  /** atMs: milliseconds since the epoch; earlier than now means now. */
  callAt(caseId: string, atMs: number, who: Who, matches: Matches): Promise<CaseStory | DeskRefusal>;
  takeBack(caseId: string, who: Who, matches: Matches): Promise<CaseStory | DeskRefusal>;
}

type Matches = (version: number) => boolean;

export type DeskRefusal = 'unknown' | 'not-yours' | 'stale' | 'not-now' | 'none' | Unscheduled;

export interface DeskDeps extends SchedulingDeps {
  pool: Pool;
  cases: Pick<Cases, 'find' | 'lock' | 'tell'>;
}

type Change = (db: ClientBase, story: CaseStory) => Promise<DeskRefusal | Record<string, unknown>>;

export function createCallbackDesk(deps: DeskDeps): CallbackDesk {
  const { pool, cases } = deps;

  /** The change, its entry in the case's history and the audit, or none of them. */
  async function act(caseId: string, who: Who, matches: Matches, action: string, change: Change) {
    const story = await cases.find(caseId);
    if (story === null) return 'unknown';
    const parties = partiesOf(who, story.owner);
    if (parties.length === 0) return 'not-yours';
    if (!matches(story.version)) return 'stale';
    const refusal = await transaction(pool, async (db): Promise<DeskRefusal | null> => {
      const done = await change(db, story);
      if (typeof done === 'string') return done;
      // Somebody else may have changed it since it was read.
      if (!matches((await cases.lock(db, caseId)) ?? 0)) throw STALE;
      const told = { action: 'call-back', actor: who.actor, parties, data: done } as const;
      if (!(await cases.tell(db, caseId, told))) throw NOT_NOW;
      await recordAudit(db, { actor: who.actor, action, subject: `case:${caseId}`, detail: done });
      return null;
    }).catch((error: unknown): DeskRefusal => {
      if (error === NOT_NOW) return 'not-now';
      if (error === STALE) return 'stale';
      throw error;
    });
    return refusal ?? (await cases.find(caseId)) ?? 'unknown';
  }

  const callAt = async (db: ClientBase, { id, state }: CaseStory, atMs: number) => {
    // Nobody is called who has an answer: the case is reopened first.
    if (!UNANSWERED.includes(state)) return 'not-now';
    const dueAt = await schedule(db, { caseId: id, atMs }, deps);
    return dueAt instanceof Date ? { dueAt: dueAt.toISOString() } : dueAt;
  };

  const takeBack = async (db: ClientBase, { id }: CaseStory) => {
    const found = await store.findCallback(db, id);
    if (found === null) return 'none';
    // Who is being dialled at this moment is not hung up upon: what they say then still counts.
    if (!(await store.cancel(db, found.id, 'taken-back'))) return 'none';
    return { result: 'taken-back' };
  };

  return {
    callAt: (id, atMs, who, matches) =>
      act(id, who, matches, 'callback.scheduled', (db, story) => callAt(db, story, atMs)),
    takeBack: (id, who, matches) => act(id, who, matches, 'callback.taken-back', takeBack),
  };
}

/** Rolls back what was begun: the case's state lets nobody, or not this one, do it. */
const NOT_NOW = new Error('not now');
const STALE = new Error('stale');
