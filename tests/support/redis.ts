import { Redis } from 'ioredis';
import { services } from './services.ts';

/** Redis has 16 logical databases unless configured otherwise; 0 is left to the running application. */
const DATABASES = 15;
const USER = 'one-test';
const REFUSED = ['-flushall', '-shutdown', '-config|set', '-debug'];

/**
 * A logical Redis database of this vitest worker's own, emptied.
 * @returns its URL. What would hit the other workers is refused there: use `startPrivateRedis` for such tests.
 */
export async function testRedis(): Promise<string> {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
  const url = new URL(services().redisUrl);
  url.pathname = `/${1 + ((worker - 1) % DATABASES)}`;
  const redis = new Redis(url.href, { maxRetriesPerRequest: 0 });
  await redis.flushdb();
  await redis.call('ACL', 'SETUSER', USER, 'reset', 'on', `>${USER}`, '~*', '&*', '+@all', ...REFUSED);
  await redis.quit();
  url.username = USER;
  url.password = USER;
  return url.href;
}
