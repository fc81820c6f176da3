/** The least that a service of this kind can be: fastify, pg and ioredis, ready once both stores have answered. */
import fastify from 'fastify';
import { Redis } from 'ioredis';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] });
const redis = new Redis(process.env['REDIS_URL'] ?? '');
const app = fastify();
app.get('/readyz', async () => {
  await Promise.all([pool.query('select 1'), redis.ping()]);
  return { status: 'ready' };
});
await app.listen({ host: '127.0.0.1', port: Number(process.env['HTTP_PORT']) });
process.once('SIGTERM', () => process.exit(0));
