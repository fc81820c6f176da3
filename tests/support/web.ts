import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type pg from 'pg';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { callRoutes } from '../../src/calls/routes.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createRedis } from '../../src/platform/redis.ts';
import { createRoutingReader } from '../../src/routing/reader.ts';
import { queueRoutes } from '../../src/routing/routes.ts';
import type { Account, NewAccount } from '../../src/staff/accounts.ts';
import type { Role } from '../../src/staff/rules.ts';
import { createStaff, type Staff } from '../../src/staff/service.ts';
import { createReadiness } from '../../src/web/readiness.ts';
import { createWeb, type RoomRoutes } from '../../src/web/server.ts';
import { createTestDatabase } from './database.ts';
import { testRedis } from './redis.ts';

export const PUBLIC_URL = 'http://clinic.test';
export const PASSWORD = 'a long enough password';

export interface TestWeb {
  app: FastifyInstance;
  pool: pg.Pool;
  redis: ReturnType<typeof createRedis>;
  staff: Staff;
  registry: Registry;
  /** Lines the server logged, parsed. */
  logged: Record<string, unknown>[];
  /** Moves the clock the server lives by. */
  advance(ms: number): void;
  now(): number;
  /** An account of a role, and its token; experts get a row of the roster each. */
  signIn(role: Role, wanted?: Partial<NewAccount>): Promise<{ account: Account; token: string }>;
  as(token: string, options: InjectOptions): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

export interface TestWebOptions {
  publicUrl?: string;
  secondFactorRequired?: boolean;
  trustProxy?: boolean;
  rooms?: RoomRoutes[];
  redisUrl?: string;
}

/** The real server on a PostgreSQL database and a Redis database of its own; only its clock can be moved. */
export async function startWeb(options: TestWebOptions = {}): Promise<TestWeb> {
  const { publicUrl = PUBLIC_URL, secondFactorRequired = false, trustProxy = true, rooms = [] } = options;
  const logged: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const pool = createPool(await createTestDatabase(), log);
  const redis = createRedis(options.redisUrl ?? (await testRedis()), log);
  let offset = 0;
  const clock = { now: () => Date.now() + offset, monotonic: () => performance.now() + offset };
  const staff = createStaff({ pool, clock, sessionHours: 12, secondFactorRequired, issuer: 'Clinic' });
  const registry = new Registry();
  const routing = createRoutingReader({ redis, clock });
  const readiness = createReadiness({ pool, redis });
  const app = await createWeb({
    ...{ pool, redis, clock, log, registry, publicUrl, trustProxy, staff, readiness },
    rooms: [
      callRoutes({ pool, clock }),
      queueRoutes({ db: pool, clock, routing, equityBoundSeconds: 120 }),
      ...rooms,
    ],
  }).catch(async (error: unknown) => {
    redis.disconnect();
    await pool.end();
    throw error;
  });

  let made = 0;
  const as = (token: string, request: InjectOptions) =>
    app.inject({ ...request, headers: { authorization: `Bearer ${token}`, ...request.headers } });

  async function signIn(role: Role, wanted: Partial<NewAccount> = {}) {
    const username = wanted.username ?? `${role}-${++made}`;
    const expertId = wanted.expertId ?? (role === 'expert' ? await addExpert(pool, username) : null);
    const added = await staff.accounts.add(
      { username, password: PASSWORD, name: username, role, ...wanted, expertId },
      'system',
    );
    if ('refused' in added) throw new Error(added.refused);
    const result = await staff.sessions.signIn({ username, password: PASSWORD, address: 'test' });
    if ('refused' in result) throw new Error(result.refused);
    return { account: added, token: result.token };
  }

  return {
    ...{ app, pool, redis, staff, registry, logged, signIn, as },
    advance: (ms) => void (offset += ms),
    now: () => clock.now(),
    close: async () => {
      await app.close();
      redis.disconnect();
      await pool.end();
    },
  };
}

/** A row of the roster. @returns the expert's id */
export async function addExpert(pool: pg.Pool, name: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into experts (name, created_by) values ($1, 'system') returning id`,
    [name],
  );
  return rows[0]!.id;
}

/** The problem document of an answer; fails if it is none. */
export function problemIn(response: LightMyRequestResponse) {
  if (!String(response.headers['content-type']).startsWith('application/problem+json')) {
    throw new Error(`not a problem: ${response.statusCode} ${response.body}`);
  }
  return response.json<{
    type: string;
    title: string;
    status: number;
    code: string;
    detail?: string;
    instance?: string;
    errors?: { in: string; pointer: string; detail: string }[];
    parts?: Record<string, boolean>;
  }>();
}
