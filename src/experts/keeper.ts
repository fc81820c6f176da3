import type { Pool } from 'pg';
import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';
import { isDataFault } from '../platform/sql.ts';
import { pause } from '../platform/signals.ts';
import { savePresence, type PresenceChange } from './store.ts';

/**
 * Writes down what experts keyed and what routing decided, in order, without making anyone wait: with PostgreSQL away
 * the changes are already in force and are kept later. A handful of lines in memory is enough for that; what a process
 * that dies meanwhile had not written is still in Redis, and each expert can key again.
 */
export interface Keeper {
  keep(change: PresenceChange & { at: number }): void;
  /** Changes not yet written. */
  depth(): number;
  /** Whether PostgreSQL does not know yet what this expert wants. */
  isUnsaved(expertId: string): boolean;
  /** Writes what can be written at once, and no longer waits for PostgreSQL. */
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** onKept: told after a change was written; who read PostgreSQL before that read what is out of date. */
export function createKeeper(deps: { pool: Pool; log: Log; onKept: (expertId: string) => void }): Keeper {
  const { pool, log, onKept } = deps;
  const queue: (PresenceChange & { at: number })[] = [];
  const stop = new AbortController();
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    let failures = 0;
    for (let change = queue[0]; change !== undefined; change = queue[0]) {
      if (await tryOne(change, failures)) {
        queue.shift();
        failures = 0;
      } else if (stop.signal.aborted) {
        return log.error({ lost: queue.length }, 'presence.lost');
      } else {
        failures += 1;
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 6), LONGEST_PAUSE_MS), stop.signal);
      }
    }
  }

  /** True when the change needs no further attempt. */
  async function tryOne(change: PresenceChange, failures: number): Promise<boolean> {
    const { expertId, intent, actor } = change;
    try {
      const outcome = await savePresence(pool, change);
      onKept(expertId);
      log.info({ expertId, intent, actor, outcome }, 'presence.kept');
      return true;
    } catch (error) {
      if (isDataFault(error)) {
        log.error({ err: error, expertId, intent, actor }, 'presence.refused');
        return true;
      }
      if (failures === 0)
        log.warn({ expertId, waiting: queue.length, detail: messageOf(error) }, 'presence.delayed');
      return false;
    }
  }

  return {
    keep(change) {
      queue.push(change);
      writing ??= write().finally(() => (writing = null));
    },
    depth: () => queue.length,
    isUnsaved: (expertId) => queue.some((change) => change.expertId === expertId),
    close: async () => {
      stop.abort();
      await writing;
    },
  };
}
