import { setTimeout } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJobs, type Jobs } from '../../src/platform/jobs.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { startPrivateRedis } from '../support/private-servers.ts';
import { testRedis } from '../support/redis.ts';
import { recordingLog, silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

let redisUrl: string;
let jobs: Jobs | null;

beforeEach(async () => {
  redisUrl = await testRedis();
  jobs = null;
});
afterEach(() => jobs?.close());

const HOUR = 3_600_000;

test('a job is done at its times', async () => {
  let runs = 0;
  jobs = createJobs({ redisUrl, log: silentLog }, [
    { name: 'sessions.purge', every: 100, run: () => Promise.resolve(runs++) },
  ]);
  await waitFor(() => runs >= 3);
});

test('a job can be done now', async () => {
  const done: string[] = [];
  const run = (name: string) => ({ name, every: HOUR, run: () => Promise.resolve(done.push(name)) });
  jobs = createJobs({ redisUrl, log: silentLog }, [run('one.done'), run('two.done')]);
  await jobs.runNow('two.done');
  await waitFor(() => done.includes('two.done'));
});

test('a job that fails is told and does not end the others', async () => {
  const { log, lines } = recordingLog();
  let runs = 0;
  jobs = createJobs({ redisUrl, log }, [
    { name: 'broken.done', every: 100, run: () => Promise.reject(new Error('no luck')) },
    { name: 'whole.done', every: 100, run: () => Promise.resolve(runs++) },
  ]);
  await waitFor(() => runs >= 2);
  expect(lines).toContainEqual(
    expect.objectContaining({ msg: 'job.failed', job: 'broken.done', detail: 'no luck' }),
  );
});

test('times of jobs that no longer exist are forgotten, and all keys share one slot', async () => {
  const job = (name: string) => ({ name, every: HOUR, run: () => Promise.resolve() });
  jobs = createJobs({ redisUrl, log: silentLog }, [job('old.done'), job('kept.done')]);
  await jobs.restore();
  await jobs.close();
  jobs = createJobs({ redisUrl, log: silentLog }, [
    job('kept.done'),
    { ...job('nightly.done'), every: { cron: '0 3 * * *', timeZone: 'Asia/Tehran' } },
  ]);
  const queue = new Queue('clinic', { prefix: '{jobs}', connection: { url: redisUrl } });
  const names = async () => (await queue.getJobSchedulers()).map(({ key }) => key).sort();
  await waitFor(async () => (await names()).join() === 'kept.done,nightly.done');
  const redis = createRedis(redisUrl, silentLog);
  const keys = await redis.keys('*');
  await closeRedis(redis);
  expect(keys.filter((key) => !key.startsWith('{jobs}:'))).toEqual([]);
  await queue.close();
});

test('closing waits for the job that runs', async () => {
  const steps: string[] = [];
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  jobs = createJobs({ redisUrl, log: silentLog }, [
    {
      name: 'long.done',
      every: HOUR,
      run: async () => {
        begin();
        await setTimeout(300);
        steps.push('done');
      },
    },
  ]);
  await jobs.runNow('long.done');
  await begun;
  await jobs.close();
  steps.push('closed');
  expect(steps).toEqual(['done', 'closed']);
  jobs = null;
});

test('times that Redis has lost are set again', async () => {
  const { log, lines } = recordingLog();
  let runs = 0;
  jobs = createJobs({ redisUrl, log }, [
    { name: 'sessions.purge', every: 100, run: () => Promise.resolve(runs++) },
  ]);
  await waitFor(() => runs >= 1);
  const redis = createRedis(redisUrl, silentLog);
  await redis.flushdb();
  await jobs.restore();
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'jobs-times.lost' }));
  const before = runs;
  await waitFor(() => runs > before + 1);
  await closeRedis(redis);
});

test('begun without Redis, they are done when it is there, and closing without it does not hang', async () => {
  const server = await startPrivateRedis();
  await server.kill();
  let runs = 0;
  const own = createJobs({ redisUrl: server.url, log: silentLog }, [
    { name: 'sessions.purge', every: 100, run: () => Promise.resolve(runs++) },
  ]);
  await server.start();
  await waitFor(() => runs >= 2);
  await server.kill();
  await own.close();
  await server.remove();
});

test('Redis away is told once, not at every attempt', async () => {
  const server = await startPrivateRedis();
  const { log, lines } = recordingLog();
  const own = createJobs({ redisUrl: server.url, log }, [
    { name: 'sessions.purge', every: HOUR, run: () => Promise.resolve() },
  ]);
  await own.restore();
  const count = (what: string) => lines.filter(({ msg }) => msg === what).length;
  for (const time of [1, 2]) {
    await server.kill();
    await waitFor(() => count('redis.lost') === time);
    // Several attempts are made meanwhile, on each connection.
    await setTimeout(1500);
    expect([count('redis.lost'), count('jobs-connection.failed')]).toEqual([time, 0]);
    await server.start();
    await waitFor(() => count('redis.found') === time + 1);
  }
  await own.close();
  await server.remove();
});
