import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { fault } from '../platform/fault.ts';
import { needsFollowUp } from './outcomes.ts';
import { query, queryOne } from '../platform/sql.ts';
import { findCall, putOutcome } from './store.ts';

/**
 * Talks that are over and of which nobody has said what came of them. They are not lost: they are listed
 * (`GET /api/v1/calls?outcome=missing`), counted, and the expert may still key what came of the latest.
 */
export interface MissingOutcomes {
  /**
   * Sets the outcome of this expert's latest talk that has none. lastCallId: of the talk this expert had last, as far as
   * this process has seen; as long as PostgreSQL does not have it as over, an earlier one would be taken for it.
   * @throws `call-not-written`
   */
  set(expertId: string, code: string, lastCallId: string | null): Promise<'saved-earlier' | 'none-missing'>;
  /** Whether this expert has talked in the last day and not said what came of it. */
  owes(expertId: string): Promise<boolean>;
  /** Of the last day, by specialty; who has none is not named. */
  count(): Promise<Map<string, number>>;
}

/** A key pressed on the next morning still means yesterday's last talk; after that only a page sets it. */
const WITHIN_MS = 24 * 3600 * 1000;

export function createMissingOutcomes(deps: { pool: Pool; clock: Clock; log: Log }): MissingOutcomes {
  const { pool, clock, log } = deps;
  const since = () => new Date(clock.now() - WITHIN_MS);
  const latest = (expertId: string) =>
    queryOne<{ id: string }>(pool, 'calls/latest-missing-outcome', [expertId, since()]);
  return {
    owes: async (expertId) => (await latest(expertId)) !== null,
    async set(expertId, code, lastCallId) {
      if (lastCallId !== null && (await findCall(pool, lastCallId))?.state !== 'ended')
        throw fault('call-not-written', `${lastCallId} is not in PostgreSQL yet as it ended`);
      const call = await latest(expertId);
      if (call === null) return 'none-missing';
      const actor = `expert:${expertId}`;
      const change = { callId: call.id, code, note: null, followUp: needsFollowUp(code), actor, version: 0 };
      const changed = await putOutcome(pool, change);
      if (typeof changed === 'string') throw fault(changed, `The outcome of ${call.id} was not set`);
      log.info({ callId: call.id, actor, code }, 'outcome.set-later');
      return 'saved-earlier';
    },
    async count() {
      const rows = await query<{ specialty: string; missing: number }>(pool, 'calls/count-missing-outcomes', [
        since(),
      ]);
      return new Map(rows.map(({ specialty, missing }) => [specialty, missing]));
    },
  };
}
