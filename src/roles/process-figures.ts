import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { roles, type Config } from '../config.ts';
import { isReady } from '../platform/redis.ts';
import { projectPath } from '../platform/root.ts';
import { query } from '../platform/sql.ts';
import { within } from '../platform/within.ts';
import { gauge } from './figures.ts';

/** A PostgreSQL that takes longer to say 1 is away for all who wait. */
const PING_WITHIN_MS = 1000;

/** The figures every process has, whatever its roles: what it is, its stores, its event loop and memory. */
export function createRegistry(deps: { config: Config; pool: Pool; redis: Redis }): Registry {
  const { config, pool, redis } = deps;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Lists of Node's handles: named against Prometheus's rules, and of use to nobody who runs a line.
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith('nodejs_active_')) registry.removeSingleMetric(name);
  const { version } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as { version: string };
  new Gauge({
    name: 'clinic_build_info',
    help: 'Always 1; the version that runs, and the one of Node',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);
  gauge(registry, {
    name: 'clinic_process_role',
    help: '1 for every role this process was given, by role',
    label: 'role',
    read: () => new Map([...roles(config)].map((role) => [role, 1])),
  });
  gauge(registry, {
    name: 'clinic_redis_up',
    help: '1 while this process has a connection to Redis that answers',
    read: () => (isReady(redis) ? 1 : 0),
  });
  gauge(registry, {
    name: 'clinic_postgres_up',
    help: '1 if PostgreSQL answered this process just now, within a second',
    read: () => ping(pool),
  });
  gauge(registry, {
    name: 'clinic_postgres_connections',
    help: "Connections of this process's pool, by state",
    label: 'state',
    read: () =>
      new Map([
        ['in-use', pool.totalCount - pool.idleCount],
        ['idle', pool.idleCount],
      ]),
  });
  gauge(registry, {
    name: 'clinic_postgres_requests_waiting',
    help: 'Requests that wait for a free connection of the pool',
    read: () => pool.waitingCount,
  });
  return registry;
}

async function ping(pool: Pool): Promise<number> {
  let answered = false;
  const answer = query(pool, 'staff/ping').then(
    () => (answered = true),
    () => (answered = false),
  );
  await within(answer, PING_WITHIN_MS);
  return answered ? 1 : 0;
}
