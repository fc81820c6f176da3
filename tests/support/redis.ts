import { Redis } from 'ioredis';
import { services } from './services.ts';

/** Redis has 16 logical databases unless configured otherwise; 0 is left to the running application. */
const DATABASES = 15;

/**
 * A logical Redis database of this vitest worker's own, emptied.
 * @returns its URL. FLUSHALL, CONFIG and SHUTDOWN would hit everyone: use `startRedis` for such tests.
 */
export async function testRedis(): Promise<string> {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
  const url = new URL(services().redisUrl);
  url.pathname = `/${1 + ((worker - 1) % DATABASES)}`;
  const redis = new Redis(url.href, { maxRetriesPerRequest: 0 });
  await redis.flushdb();
  await redis.quit();
  return url.href;
}
