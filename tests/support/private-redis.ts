import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { startClinic, type Clinic } from './clinic.ts';
import { expectNothingLeft } from './leftovers.ts';
import { closePhones } from './phones.ts';
import { startPrivateRedis, type PrivateServer } from './private-servers.ts';

/** A clinic on a Redis of the test file's own, which may be killed, emptied and filled as one likes. */
export interface RedisScene {
  redis: PrivateServer;
  clinic: Clinic;
}

/**
 * Starts both before the tests of this file and ends them after; nothing may be left over after each test.
 * @returns the scene, there from the first test on
 */
export function onPrivateRedis(env: Record<string, string>): () => RedisScene {
  let scene: RedisScene | null = null;
  beforeAll(async () => {
    const redis = await startPrivateRedis();
    scene = { redis, clinic: await startClinic({ env: { REDIS_URL: redis.url, ...env } }) };
  });
  afterEach(async () => {
    await closePhones();
    await expectNothingLeft(scene?.clinic);
  });
  afterAll(async () => {
    await scene?.clinic.close();
    await scene?.redis.remove();
  });
  return () => {
    if (scene === null) throw new Error('The clinic has not been started yet');
    return scene;
  };
}

/** What a test says to its Redis itself. */
export async function asks<T>({ url }: PrivateServer, act: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await act(redis);
  } finally {
    await redis.quit();
  }
}

/** Cuts so much off the end of the file to which a Redis that was killed had appended, as a crash of the machine may. */
export function cutAppendOnlyFile({ folder }: PrivateServer, share: number): void {
  const files = join(folder, 'appendonlydir');
  const file = readdirSync(files).find((name) => name.endsWith('.incr.aof'));
  if (file === undefined) throw new Error(`No append-only file in ${files}`);
  const path = join(files, file);
  truncateSync(path, Math.floor(statSync(path).size * (1 - share)));
}
