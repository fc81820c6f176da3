import { Registry, Gauge } from 'prom-client';
import type pg from 'pg';
import type { Redis } from 'ioredis';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool } from '../../src/platform/pool.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { createProbesServer } from '../../src/web/probes-server.ts';
import { createReadiness, HEARTBEAT_KEY } from '../../src/web/readiness.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRedis } from '../support/redis.ts';
import { silentLog as log } from '../support/silent-log.ts';

/** A process without the role `web` tells its health and its figures all the same, and nothing else. */

let app: FastifyInstance;
let pool: pg.Pool;
let redis: Redis;
const registry = new Registry();

beforeAll(async () => {
  pool = createPool(await createTestDatabase(), log);
  redis = createRedis(await testRedis(), log);
  new Gauge({ name: 'clinic_test_figure', help: 'Of the process', registers: [registry] }).set(7);
  app = createProbesServer({ log, registry, readiness: createReadiness({ pool, redis }) });
});
afterAll(async () => {
  await app.close();
  await closeRedis(redis);
  await pool.end();
});

describe('probes without the web', () => {
  test('say alive, whether calls can be taken, and the figures of the process', async () => {
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'alive' });
    const away = await app.inject('/readyz');
    expect(away.statusCode).toBe(503);
    expect(away.json()).toMatchObject({ code: 'not-ready', parts: { postgres: true, calls: false } });
    await redis.set(HEARTBEAT_KEY, JSON.stringify({ parts: { asterisk: true } }));
    expect((await app.inject('/readyz')).json()).toMatchObject({ parts: { 'calls.asterisk': true } });
    const figures = (await app.inject('/metrics')).body;
    expect(figures).toContain('clinic_test_figure 7');
    expect(figures).toContain('process_cpu_seconds_total');
  });

  test('open no other door', async () => {
    for (const url of ['/api/v1/calls', '/api/v1/session', '/api/docs', '/'])
      expect((await app.inject(url)).statusCode, url).toBe(404);
  });
});
