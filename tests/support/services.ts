import { readFileSync } from 'node:fs';

interface Services {
  postgres: { url: string };
  redis: { url?: string; port: number };
}

/** Addresses of the PostgreSQL and Redis the tests run on, from the stack that `npm test` has started. */
export function services(): { postgresUrl: string; redisUrl: string } {
  const path = process.env['CLINIC_TEST_STACK'];
  if (path === undefined) throw new Error('No test stack: run npm test');
  const stack = JSON.parse(readFileSync(path, 'utf8')) as Services;
  return {
    postgresUrl: stack.postgres.url,
    redisUrl: stack.redis.url ?? `redis://127.0.0.1:${stack.redis.port}`,
  };
}
