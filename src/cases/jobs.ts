import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { follow, type Follower } from '../platform/follow.ts';
import type { RepeatedJob } from '../platform/jobs.ts';
import { pause } from '../platform/signals.ts';
import type { Cases } from './service.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Calls end in crowds: one look serves all that ended meanwhile. */
const GATHER_MS = 500;
/** Longer than a call can last with what is told of it late; older ones are found by the look every minute. */
const RECENT_MS = 48 * HOUR_MS;

/** Deadlines stand in rows; these are but the looks at them. Whatever was missed is found by the next one. */
export function caseJobs(cases: Cases): RepeatedJob[] {
  return [
    { name: 'cases.open', every: MINUTE_MS, run: () => cases.openDue() },
    { name: 'cases.escalate', every: MINUTE_MS, run: () => cases.escalateDue() },
    { name: 'cases.refresh', every: HOUR_MS, run: () => cases.refreshAll() },
    { name: 'references.purge', every: DAY_MS, run: () => cases.purgeReferences() },
  ];
}

export interface FollowDeps {
  pool: Pool;
  log: Log;
  clock: Clock;
  cases: Cases;
}

/** Opens cases as soon as PostgreSQL tells that a call has left something to be done. */
export function followCalls({ pool, log, clock, cases }: FollowDeps): Follower {
  const stop = new AbortController();
  const follower = follow({
    ...{ pool, log, channel: 'cases_due', name: 'cases' },
    read: async () => {
      await cases.openDue(new Date(clock.now() - RECENT_MS));
      await pause(GATHER_MS, stop.signal);
    },
  });
  return {
    started: follower.started,
    close: async () => {
      stop.abort();
      await follower.close();
    },
  };
}
