import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';
import { queryOne, type Queryable } from '../platform/sql.ts';
import { answerWithin } from '../platform/within.ts';
import type { Call } from './call.ts';

/**
 * Who has waited in vain and comes back does not begin anew: what they waited is a head start, as if they had queued so much
 * earlier. Who was promised a call back has that place kept instead.
 */
export interface EarlierWaits {
  /** Whole seconds; 0: none. Never throws, and answers soon. */
  headStartOf(call: Call): Promise<number>;
}

export interface EarlierWaitsDeps {
  pool: Queryable;
  log: Log;
  /** How far back is looked; 0: nobody has a head start. */
  hours: number;
  longestSeconds: number;
}

const HOUR_MS = 3_600_000;
/** As for the earlier expert, who is looked for at the same moment: it keeps nobody from the queue. */
const PATIENCE_MS = 150;

/** Nobody else is kept waiting for longer than `longestSeconds`' worth of such callers. */
export const headStart = (waitedSeconds: number, longestSeconds: number): number =>
  Math.max(0, Math.min(Math.floor(waitedSeconds), longestSeconds));

export function createEarlierWaits({ pool, log, hours, longestSeconds }: EarlierWaitsDeps): EarlierWaits {
  async function waited({ caller, specialty }: Call, queuedAt: number): Promise<number> {
    const from = new Date(queuedAt - hours * HOUR_MS);
    const params = [caller, specialty, from, new Date(queuedAt)];
    return (await queryOne<{ seconds: number }>(pool, 'calls/earlier-wait', params))?.seconds ?? 0;
  }

  return {
    async headStartOf(call) {
      const { caller, specialty, queuedAt, callback } = call;
      if (hours === 0 || caller === null || specialty === null || queuedAt === null || callback !== null)
        return 0;
      const found = waited(call, queuedAt).then((seconds) => headStart(seconds, longestSeconds));
      return answerWithin(found, {
        ...{ ms: PATIENCE_MS, otherwise: 0 },
        onFault: (error) => log.warn({ callId: call.id, detail: messageOf(error) }, 'earlier-waits.unknown'),
      });
    },
  };
}
