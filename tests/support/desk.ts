import type { Pool } from 'pg';
import { systemClock } from '../../src/clock.ts';
import { createDesk, type Desk, type DeskDeps } from '../../src/experts/desk.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createRedis } from '../../src/platform/redis.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { createRouting } from '../../src/routing/service.ts';
import { createTestDatabase } from './database.ts';
import { testRedis } from './redis.ts';
import { silentLog as log } from './silent-log.ts';
import { scriptedTelephony, type ScriptedTelephony } from './telephony.ts';

/** The experts' side of the role `calls` on a real PostgreSQL and Redis, at a scripted exchange. */
export interface DeskBench {
  url: string;
  pool: Pool;
  redis: ReturnType<typeof createRedis>;
  routing: Routing;
  exchange: ScriptedTelephony;
  /** Outcomes keyed so far, `e001 4`; what the next are answered is in `answer`. */
  outcomes: string[];
  /** Starts a desk; it is closed with the bench. */
  start(options?: Partial<DeskDeps>): Desk;
  /** PostgreSQL lets nobody in, as if it were away. */
  shut(away: boolean): Promise<void>;
  close(): Promise<void>;
}

export async function deskBench(missPauseSeconds = 300): Promise<DeskBench> {
  const url = await createTestDatabase();
  const pool = createPool(url, log);
  const maintenance = createPool(url.replace(/\/[^/]*$/, '/postgres'), log, { max: 1 });
  const redis = createRedis(await testRedis(), log);
  const routing = await createRouting({
    redis,
    clock: systemClock,
    log,
    missesBeforePause: 2,
    missPauseSeconds,
  });
  const exchange = scriptedTelephony();
  const outcomes: string[] = [];
  const desks: Desk[] = [];

  return {
    ...{ url, pool, redis, routing, exchange, outcomes },
    start(options = {}) {
      const desk = createDesk({
        ...{ telephony: exchange.telephony, routing, pool, log, clock: systemClock },
        setOutcome: (expertId, digit) => {
          outcomes.push(`${expertId} ${digit}`);
          return digit === '9' ? 'refused' : 'saved';
        },
        owesOutcome: () => Promise.resolve(false),
        ...options,
      });
      desks.push(desk);
      return desk;
    },
    async shut(away) {
      const name = new URL(url).pathname.slice(1);
      await maintenance.query(`alter database ${name} allow_connections ${!away}`);
      if (away)
        await maintenance.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
          name,
        ]);
    },
    async close() {
      for (const desk of desks) await desk.close();
      await routing.close();
      redis.disconnect();
      await pool.end();
      await maintenance.end();
    },
  };
}

export interface PresenceRow {
  intent: string;
  reason: string | null;
  actor: string;
  open: boolean;
}

/** What an expert wanted, oldest first. */
export async function presenceHistory(pool: Pool, expertId: string): Promise<PresenceRow[]> {
  const { rows } = await pool.query<PresenceRow>(
    `select intent, reason, actor, valid_to is null as open from expert_presence
     where expert_id = $1 order by valid_from, valid_to nulls last`,
    [expertId],
  );
  return rows;
}
