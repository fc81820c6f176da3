import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { follow } from '../platform/follow.ts';
import { queryOne, type Queryable } from '../platform/sql.ts';
import { readListed } from './store.ts';

/** Numbers whose calls never ring an expert, in memory, following PostgreSQL: a caller is on the line and nobody may wait. */
export interface Nuisance {
  /** number: E.164. */
  isListed: (number: string) => boolean;
  /** Ends the following; before the pool is closed. */
  close(): Promise<void>;
}

export interface NuisanceDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
}

/** Resolves after the first attempt to read: until PostgreSQL is found nobody is listed, and later what was last known counts. */
export async function createNuisance({ pool, clock, log }: NuisanceDeps): Promise<Nuisance> {
  /** Until when, ms since the epoch; Infinity: until it is ended. */
  let listed: ReadonlyMap<string, number> = new Map();
  const follower = follow({
    ...{ pool, log, channel: 'nuisance_changed', name: 'nuisance' },
    read: async (db) => {
      const rows = await readListed(db);
      listed = new Map(rows.map(({ number, until }) => [number, until?.getTime() ?? Infinity]));
      log.debug({ numbers: listed.size }, 'nuisance.read');
    },
  });
  await follower.started;
  return {
    isListed: (number) => (listed.get(number) ?? -Infinity) > clock.now(),
    close: () => follower.close(),
  };
}

/** The same from PostgreSQL, for whoever can wait. number: E.164; at: ms since the epoch. */
export const isListedAt = async (db: Queryable, number: string, at: number): Promise<boolean> =>
  (await queryOne(db, 'nuisance/in-force', [number, new Date(at)])) !== null;
