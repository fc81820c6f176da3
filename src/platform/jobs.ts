import { Queue, Worker } from 'bullmq';
import type { Log } from '../log.ts';
import { codeOf, messageOf } from './fault.ts';
import { createJobFaults } from './job-faults.ts';
import { closeRedis, createRedis, isReady } from './redis.ts';
import { aborted } from './signals.ts';

/** Work done again and again, by whichever process with the role `jobs` takes it; at most one at a time. */
export interface RepeatedJob {
  /** `noun.verb`, e.g. `sessions.purge`. */
  name: string;
  /** Every so many milliseconds, or by a cron pattern in a time zone. */
  every: number | { cron: string; timeZone: string };
  /** Must be harmless if done twice: a job whose process dies is begun again. */
  run: () => Promise<unknown>;
}

export interface JobsOptions {
  redisUrl: string;
  log: Log;
  /** Hash tag of its own, so that all of BullMQ's keys share one slot of a Redis Cluster. */
  prefix?: string;
}

export interface Jobs {
  /** Does a job now, besides its times. */
  runNow(name: string): Promise<void>;
  /** Does a job at a time to come, besides its times; set as often as one likes. An alarm that Redis loses is not set again. */
  alarm(name: string, at: Date): void;
  /** Sets the times again if Redis has lost them. */
  restore(): Promise<void>;
  /** Waits some seconds for the job that runs, then stops. */
  close(): Promise<void>;
}

const QUEUE = 'clinic';
/** Redis emptied without a disconnection tells nobody; no citizen waits for a job. */
const CHECK_MS = 60_000;
/** Longest wait for a job that runs; it is begun again by the next process. */
const CLOSE_WITHIN_MS = 3000;
const KEPT = { removeOnComplete: { count: 100 }, removeOnFail: { count: 1000 } };

/**
 * Begins to work, at once or as soon as Redis is there. The jobs' times are set then, times of jobs that no longer
 * exist are forgotten, and times that Redis has lost are set again within a minute.
 */
export function createJobs(
  { redisUrl, log, prefix = '{jobs}' }: JobsOptions,
  jobs: readonly RepeatedJob[],
): Jobs {
  const connection = createRedis(redisUrl, log, 'blocking');
  const queue = new Queue(QUEUE, { prefix, connection });
  const worker = new Worker(QUEUE, (job) => run(jobs, job.name, log), { prefix, connection, concurrency: 1 });
  const faults = createJobFaults(log, QUEUE);
  queue.on('error', faults.tell);
  worker.on('error', faults.tell);
  schedule(queue, jobs).catch(faults.tell);
  const check = setInterval(() => void restore(queue, jobs, log).catch(faults.tell), CHECK_MS);
  return {
    runNow: async (name) => void (await queue.add(name, {}, KEPT)),
    alarm: (name, at) => {
      const delay = Math.max(0, at.getTime() - Date.now());
      void queue.add(name, {}, { ...KEPT, delay, jobId: `${name}-at-${at.getTime()}` }).catch(faults.tell);
    },
    restore: () => restore(queue, jobs, log),
    async close() {
      faults.close();
      clearInterval(check);
      // Without Redis nothing can be finished in order: BullMQ would wait for it for ever.
      const orderly = worker.close(!isReady(connection)).then(() => queue.close());
      await Promise.race([orderly.catch(faults.tell), aborted(AbortSignal.timeout(CLOSE_WITHIN_MS))]);
      await closeRedis(connection);
    },
  };
}

async function restore(queue: Queue, jobs: readonly RepeatedJob[], log: Log): Promise<void> {
  if ((await queue.getJobSchedulersCount()) >= jobs.length) return;
  log.warn('jobs-times.lost');
  await schedule(queue, jobs);
}

async function schedule(queue: Queue, jobs: readonly RepeatedJob[]): Promise<void> {
  for (const { name, every } of jobs) {
    const times = typeof every === 'number' ? { every } : { pattern: every.cron, tz: every.timeZone };
    await queue.upsertJobScheduler(name, times, { name, opts: KEPT });
  }
  const names = new Set(jobs.map((job) => job.name));
  for (const { key } of await queue.getJobSchedulers())
    if (!names.has(key)) await queue.removeJobScheduler(key);
}

async function run(jobs: readonly RepeatedJob[], name: string, log: Log): Promise<void> {
  const job = jobs.find((one) => one.name === name);
  if (job === undefined) return log.warn({ job: name }, 'job.unknown');
  const begun = performance.now();
  try {
    await job.run();
    log.debug({ job: name, ms: Math.round(performance.now() - begun) }, 'job.done');
  } catch (error) {
    log.error({ job: name, code: codeOf(error), detail: messageOf(error) }, 'job.failed');
    throw error;
  }
}
