import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { loadScripts } from '../../src/platform/scripts.ts';
import { startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { testRedis } from '../support/redis.ts';
import { recordingLog, silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

describe('a connection to Redis', () => {
  let server: PrivateServer;
  beforeAll(async () => {
    server = await startPrivateRedis();
  });
  afterAll(() => server?.remove());

  test('says once that it was lost and once that it was found, however often it tries', async () => {
    const { log, lines } = recordingLog();
    const redis = createRedis(server.url, log);
    await redis.ping();
    await server.kill();
    let attempts = 0;
    redis.on('reconnecting', () => attempts++);
    await waitFor(() => attempts >= 5);
    await server.start();
    await waitFor(() => redis.status === 'ready');
    expect(lines.map((line) => line['msg'])).toEqual(['redis.found', 'redis.lost', 'redis.found']);
    await closeRedis(redis);
  });

  test('prompt: a request while Redis is away fails soon and is not carried out later', async () => {
    const redis = createRedis(server.url, silentLog);
    await redis.ping();
    await server.kill();
    await waitFor(() => redis.status !== 'ready');
    const begun = performance.now();
    await expect(redis.set('late', '1')).rejects.toThrow();
    expect(performance.now() - begun).toBeLessThan(10_000);
    await server.start();
    await waitFor(() => redis.status === 'ready');
    expect(await redis.get('late')).toBeNull();
    await closeRedis(redis);
  });

  test('blocking: a request waits until Redis is back', async () => {
    const redis = createRedis(server.url, silentLog, 'blocking');
    await redis.ping();
    await server.kill();
    const waits = redis.set('patient', '1');
    await server.start();
    expect(await waits).toBe('OK');
    await closeRedis(redis);
  });

  test('closing one that never connected ends its attempts', async () => {
    const attempts = { closed: 0, other: 0 };
    const redis = createRedis('redis://127.0.0.1:1', silentLog);
    redis.on('reconnecting', () => attempts.closed++);
    await waitFor(() => attempts.closed === 1);
    await closeRedis(redis);
    const other = createRedis('redis://127.0.0.1:1', silentLog);
    other.on('reconnecting', () => attempts.other++);
    await waitFor(() => attempts.other >= 4);
    await closeRedis(other);
    expect(attempts.closed).toBe(1);
  });
});

describe('scripts', () => {
  const HEAD =
    '-- Adds.\n-- KEYS[1] counter\n-- ARGV[1] by how much\n-- returns the sum, or -1 if it is too much\n';
  let folder: string;
  let redis: Redis;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scripts-'));
    redis = createRedis(await testRedis(), silentLog);
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await closeRedis(redis);
  });
  const script = (name: string, body: string): void => writeFileSync(join(folder, name), body);

  test('run by name, with what the prelude gives them', async () => {
    script('prelude.lua', 'local function add(key, by) return redis.call("INCRBY", key, by) end');
    script('add.lua', `${HEAD}return add(KEYS[1], ARGV[1])`);
    const scripts = loadScripts(redis, folder);
    expect(scripts.names).toEqual(['add']);
    expect(await scripts.run('add', ['sum'], [2])).toBe(2);
    expect(await scripts.run('add', ['sum'], ['3'])).toBe(5);
  });

  test('are known again after Redis has forgotten them', async () => {
    script('add.lua', `${HEAD}return redis.call("INCRBY", KEYS[1], ARGV[1])`);
    const scripts = loadScripts(redis, folder);
    await scripts.run('add', ['sum'], [1]);
    await redis.script('FLUSH');
    expect(await scripts.run('add', ['sum'], [1])).toBe(2);
  });

  test('a negative return is the named error, an unnamed one is told too', async () => {
    script('refuse.lua', `${HEAD}return tonumber(ARGV[1])`);
    const scripts = loadScripts(redis, folder, { [-1]: 'sum-too-great' });
    await expect(scripts.run('refuse', ['sum'], [-1])).rejects.toMatchObject({ code: 'sum-too-great' });
    await expect(scripts.run('refuse', ['sum'], [-2])).rejects.toMatchObject({ code: 'script-refused' });
    expect(await scripts.run('refuse', ['sum'], [0])).toBe(0);
  });

  test('a script that breaks, and one that is not there, are faults', async () => {
    script('broken.lua', `${HEAD}return redis.call("NONSENSE")`);
    const scripts = loadScripts(redis, folder);
    await expect(scripts.run('broken', ['sum'], [1])).rejects.toMatchObject({ code: 'redis-failed' });
    await expect(scripts.run('absent', [], [])).rejects.toMatchObject({ code: 'script-unknown' });
  });

  test.each(['KEYS', 'ARGV', 'returns'])('without %s in its head a script is refused', (word) => {
    script('add.lua', `${HEAD.replace(`-- ${word}`, '-- something')}return 1`);
    expect(() => loadScripts(redis, folder)).toThrow(
      expect.objectContaining({ code: 'script-head-missing' }) as Error,
    );
  });

  test('two folders may have scripts of one name', async () => {
    const other = mkdtempSync(join(tmpdir(), 'scripts-'));
    script('add.lua', `${HEAD}return 1`);
    writeFileSync(join(other, 'add.lua'), `${HEAD}return 2`);
    const [one, two] = [loadScripts(redis, folder), loadScripts(redis, other)];
    expect([await one.run('add', [], []), await two.run('add', [], [])]).toEqual([1, 2]);
    rmSync(other, { recursive: true });
  });
});
