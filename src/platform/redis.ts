import { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { messageOf } from './fault.ts';

/**
 * `prompt`: a request fails as soon as the connection is lost, or after one failed attempt to connect. A request whose
 * fate is unknown is reported, never silently sent a second time: a queue transition run twice gives a wrong answer.
 * `blocking`: for a connection of its own that waits on streams; requests wait until Redis is back.
 */
export type RedisMode = 'prompt' | 'blocking';

const LONGEST_PAUSE_MS = 500;
const ANSWER_WITHIN_MS = 3000;
/** A blocking read asks for at most 5 s; a socket silent for longer than this is dead. */
const SILENCE_MS = 10_000;

/**
 * A connection that comes back for ever by itself and says so once per change, not once per attempt.
 * @param url `redis://…`; TLS by `rediss://…`
 */
export function createRedis(url: string, log: Log, mode: RedisMode = 'prompt'): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: mode === 'blocking' ? null : 0,
    retryStrategy: (attempt) =>
      Math.min(20 * 2 ** Math.min(attempt, 6), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2),
    connectTimeout: 2000,
    // A Redis that accepts and never answers is as good as gone; only a blocking read may take its time.
    ...(mode === 'blocking' ? {} : { commandTimeout: ANSWER_WITHIN_MS }),
  });
  tellChanges(redis, log, mode);
  return redis;
}

/** A second connection to the same Redis for blocking reads. */
export function createBlockingTwin(redis: Redis, log: Log): Redis {
  const twin = redis.duplicate({
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
    socketTimeout: SILENCE_MS,
  });
  tellChanges(twin, log, 'blocking');
  return twin;
}

function tellChanges(redis: Redis, log: Log, mode: RedisMode): void {
  let up: boolean | null = null;
  let lastError: unknown = null;
  redis.on('error', (error: unknown) => {
    lastError = error;
    if (up !== false) log.warn({ mode, detail: messageOf(error) }, 'redis.lost');
    up = false;
  });
  redis.on('close', () => {
    if (up === true)
      log.warn({ mode, detail: lastError === null ? null : messageOf(lastError) }, 'redis.lost');
    up = false;
  });
  redis.on('ready', () => {
    if (up !== true) log.info({ mode }, 'redis.found');
    up = true;
    lastError = null;
  });
}

/** True while requests can be answered. */
export function isReady(redis: Redis): boolean {
  return redis.status === 'ready';
}

/** Ends a connection without waiting for one that is not there. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (!isReady(redis)) return redis.disconnect();
  await redis.quit().catch((error: unknown) => {
    // Lost while saying goodbye: nothing is left to close but the retries.
    if (error instanceof Error) redis.disconnect();
  });
}
