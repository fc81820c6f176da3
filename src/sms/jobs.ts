import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { createDeliveries } from '../platform/deliveries.ts';
import { follow } from '../platform/follow.ts';
import type { RepeatedJob } from '../platform/jobs.ts';
import { createDelivery, type DeliveryDeps } from './delivery.ts';
import { FIRST_PAUSE_MS, MOST_ATTEMPTS } from './rules.ts';
import { dueTexts } from './store.ts';

/** Sends what is asked for: at once when PostgreSQL tells of it, and by a look every minute, which finds whatever was lost. */
export interface Texts {
  jobs: readonly RepeatedJob[];
  /** Puts in the queue what is due. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export interface TextsDeps extends DeliveryDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
  redisUrl: string;
  /** Pause after the first attempt that came to nothing. */
  firstPauseMs?: number;
}

const MINUTE_MS = 60_000;
/** The next ones are found when these are through, at the latest a minute later. */
const AT_ONCE = 500;

export function startTexts(deps: TextsDeps): Texts {
  const { pool, clock, log, redisUrl, firstPauseMs = FIRST_PAUSE_MS } = deps;
  const deliver = createDelivery(deps);
  const deliveries = createDeliveries({
    ...{ redisUrl, log, name: 'texts', attempts: MOST_ATTEMPTS, firstPauseMs, deliver },
  });
  const sweep = async (): Promise<void> =>
    deliveries.put(await dueTexts(pool, new Date(clock.now()), AT_ONCE));
  const follower = follow({ pool, log, channel: 'texts_due', name: 'texts', read: sweep });
  return {
    jobs: [{ name: 'texts.sweep', every: MINUTE_MS, run: sweep }],
    sweep,
    close: async () => {
      // A look that waits for Redis ends with the connection.
      await Promise.all([follower.close(), deliveries.close()]);
    },
  };
}
