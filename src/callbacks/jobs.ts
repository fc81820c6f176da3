import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import type { CommandClient } from '../platform/commands.ts';
import { codeOf } from '../platform/fault.ts';
import { follow, type Follower } from '../platform/follow.ts';
import type { Jobs, RepeatedJob } from '../platform/jobs.ts';
import { pause } from '../platform/signals.ts';
import type { Callbacks } from './service.ts';

const MINUTE_MS = 60_000;
const ANSWER_WITHIN_MS = 5000;
/** One look serves all that changed meanwhile. */
const GATHER_MS = 250;
export const TAKE = 'callbacks.take';

export interface CallbackWorkDeps {
  callbacks: Callbacks;
  commands: CommandClient;
  clock: Clock;
  log: Log;
  /** Whether there is a trunk; without one there is nobody to tell. */
  dials: boolean;
}

/**
 * Settles what is to be settled and has the process with the exchange look: it takes what is due, ends attempts that are not
 * wanted any more, and gives back what a process that died had claimed. @returns the next due time to come
 */
export function callbackWork({ callbacks, commands, clock, log, dials }: CallbackWorkDeps) {
  return async (): Promise<Date | null> => {
    const next = await callbacks.settle();
    if (!dials) return null;
    await commands.send(TAKE, {}, { timeoutMs: ANSWER_WITHIN_MS }).catch((error: unknown) => {
      // Nobody has the exchange at this moment; the row is due all the same.
      log.warn({ code: codeOf(error) }, 'callbacks.untaken');
    });
    return next !== null && next.getTime() > clock.now() ? next : null;
  };
}

/** The look every minute finds whatever an alarm has missed. */
export const callbackJobs = (work: () => Promise<Date | null>): RepeatedJob[] => [
  { name: TAKE, every: MINUTE_MS, run: work },
];

/** Does the work as soon as PostgreSQL tells that something has changed, and sets the alarm for what is due later. */
export function followCallbacks(deps: {
  pool: Pool;
  log: Log;
  work: () => Promise<Date | null>;
  jobs: Pick<Jobs, 'alarm'>;
}): Follower {
  const { pool, log, work, jobs } = deps;
  const stop = new AbortController();
  const follower = follow({
    ...{ pool, log, channel: 'callbacks_due', name: 'callbacks' },
    read: async () => {
      const next = await work();
      // Without Redis there is no alarm; the rows are looked at every minute.
      if (next !== null) jobs.alarm(TAKE, next);
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

/**
 * Moves what is pending whenever the hours were read anew, which is at every change of them and every minute besides. Without
 * Redis too; what has become due is then taken as PostgreSQL tells of it.
 */
export function followHours(deps: {
  hours: Pick<Hours, 'onChange'>;
  retime: () => Promise<unknown>;
  log: Log;
}): { close(): Promise<void> } {
  const { hours, retime, log } = deps;
  let working: Promise<unknown> | null = null;
  let again = false;

  async function work(): Promise<void> {
    do {
      again = false;
      await retime().catch((error: unknown) => log.warn({ code: codeOf(error) }, 'callbacks.untimed'));
    } while (again);
  }

  function look(): void {
    again = working !== null;
    working ??= work().finally(() => (working = null));
  }

  const stop = hours.onChange(look);
  look();
  return {
    close: async () => {
      stop();
      await working;
    },
  };
}
