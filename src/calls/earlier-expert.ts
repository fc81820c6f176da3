import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';
import { queryOne, type Queryable } from '../platform/sql.ts';
import { answerWithin } from '../platform/within.ts';
import type { Routing, Window } from '../routing/routing.ts';
import { sameExpertFirst } from '../routing/windows.ts';
import type { Call } from './call.ts';

/** A citizen who comes back within some days meets the expert again who knows the matter, where that costs but a moment. */
export interface EarlierExperts {
  /** Who may be asked first; null: anybody. Never throws, and answers soon. */
  windowFor(call: Call): Promise<Window | null>;
}

export interface EarlierExpertsDeps {
  pool: Queryable;
  routing: Pick<Routing, 'expert'>;
  clock: Clock;
  log: Log;
  /** 0: nobody is looked for. */
  days: number;
  /** How long only that expert is asked. */
  seconds: number;
}

const DAY_MS = 86_400_000;
/** A database that is away must not keep a citizen from the queue. */
const PATIENCE_MS = 150;

export function createEarlierExperts(deps: EarlierExpertsDeps): EarlierExperts {
  const { pool, routing, clock, log, days, seconds } = deps;

  async function find({ caller, specialty }: Call): Promise<Window | null> {
    const since = new Date(clock.now() - days * DAY_MS);
    const row = await queryOne<{ expertId: string }>(pool, 'calls/earlier-expert', [
      caller,
      specialty,
      since,
    ]);
    if (row === null) return null;
    const expert = await routing.expert(row.expertId);
    // Nobody waits for a telephone that is off; whoever talks may be free in time.
    const isHere = expert?.intent === 'ready' && (expert.activity !== 'idle' || expert.reachable);
    return isHere ? sameExpertFirst(row.expertId, clock.now(), seconds) : null;
  }

  return {
    windowFor: async (call) => {
      if (days === 0 || call.caller === null || call.specialty === null) return null;
      return answerWithin(find(call), {
        ...{ ms: PATIENCE_MS, otherwise: null },
        onFault: (error) => log.warn({ callId: call.id, detail: messageOf(error) }, 'earlier-expert.unknown'),
      });
    },
  };
}
