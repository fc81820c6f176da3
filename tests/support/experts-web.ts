import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import type { Pool } from 'pg';
import { Registry } from 'prom-client';
import { systemClock } from '../../src/clock.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createRedis } from '../../src/platform/redis.ts';
import type { Role } from '../../src/staff/rules.ts';
import { createStaff } from '../../src/staff/service.ts';
import { createReadiness } from '../../src/web/readiness.ts';
import { createWeb, type RoomRoutes } from '../../src/web/server.ts';
import { createTestDatabase } from './database.ts';
import { testRedis } from './redis.ts';
import { silentLog } from './silent-log.ts';
import { PUBLIC_URL } from './web.ts';

/** The web server with rooms that need the same database and Redis as it has. */
export interface RoomsWeb {
  app: FastifyInstance;
  pool: Pool;
  redis: ReturnType<typeof createRedis>;
  /** Sends a request as a role; the first time an account is made. expert: as the account of that expert. */
  as(role: Role, request: Sent, expertId?: string): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

export interface Sent {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below /api/v1. */
  path: string;
  body?: object;
  headers?: Record<string, string>;
}

const PASSWORD = 'a long enough password';

export async function startRoomsWeb(
  rooms: (stores: {
    pool: Pool;
    redis: ReturnType<typeof createRedis>;
  }) => Promise<RoomRoutes[]> | RoomRoutes[],
): Promise<RoomsWeb> {
  const [log, clock] = [silentLog, systemClock];
  const pool = createPool(await createTestDatabase(), log);
  const redis = createRedis(await testRedis(), log);
  const staff = createStaff({ pool, clock, sessionHours: 12, secondFactorRequired: false, issuer: 'Clinic' });
  const registry = new Registry();
  const readiness = createReadiness({ pool, redis });
  const app = await createWeb({
    ...{ pool, redis, clock, log, registry, staff, readiness },
    publicUrl: PUBLIC_URL,
    rooms: await rooms({ pool, redis }),
  });
  const tokens = new Map<string, string>();

  async function tokenOf(role: Role, expertId: string | null): Promise<string> {
    const username = `${role}-${expertId ?? ''}`;
    const known = tokens.get(username);
    if (known !== undefined) return known;
    const account = { username, password: PASSWORD, name: username, role, expertId };
    const added = await staff.accounts.add(account, 'system');
    if ('refused' in added) throw new Error(added.refused);
    const result = await staff.sessions.signIn({ username, password: PASSWORD, address: 'test' });
    if ('refused' in result) throw new Error(result.refused);
    tokens.set(username, result.token);
    return result.token;
  }

  return {
    ...{ app, pool, redis },
    async as(role, { method, path, body, headers }, expertId) {
      const authorization = `Bearer ${await tokenOf(role, expertId ?? null)}`;
      return await app.inject({
        method,
        url: `/api/v1${path}`,
        headers: { authorization, ...headers },
        ...(body === undefined ? {} : { payload: body }),
      });
    },
    close: async () => {
      await app.close();
      redis.disconnect();
      await pool.end();
    },
  };
}
