import { Queue, Worker } from 'bullmq';
import type { Log } from '../log.ts';
import { codeOf, fault, messageOf } from './fault.ts';
import { createJobFaults } from './job-faults.ts';
import { closeRedis, createRedis, isReady } from './redis.ts';
import { aborted } from './signals.ts';

/**
 * Single pieces of work, each known by an id, tried until they are done, with growing pauses. What is to be done stands in a
 * row of PostgreSQL; Redis holds only when it is looked at next, and whoever owns the rows puts back what Redis has lost.
 */
export interface Deliveries {
  /** Putting one that is there already changes nothing. */
  put(ids: readonly string[]): Promise<void>;
  /** Waits some seconds for what is under way, then stops. */
  close(): Promise<void>;
}

export interface DeliveriesOptions {
  redisUrl: string;
  log: Log;
  /** Of the queue, a plain word. */
  name: string;
  attempts: number;
  firstPauseMs: number;
  /** `again`: not done, to be tried after a pause. Must be harmless if done twice at once. */
  deliver: (id: string) => Promise<'done' | 'again'>;
  prefix?: string;
}

const AT_ONCE = 4;
const CLOSE_WITHIN_MS = 3000;
/** Nothing of it is kept: an id that lies there could not be put again. */
const KEPT = { removeOnComplete: true, removeOnFail: true };
/** Of each pause, in percent: what was refused together does not come again together. */
const JITTER = 0.2;

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { redisUrl, log, name, attempts, firstPauseMs, deliver, prefix = '{jobs}' } = options;
  const connection = createRedis(redisUrl, log, 'blocking');
  const queue = new Queue(name, { prefix, connection });
  const backoff = { type: 'exponential', delay: firstPauseMs, jitter: JITTER };
  const worker = new Worker<{ id: string }>(name, (job) => attempt(job.data.id, deliver, log), {
    ...{ prefix, connection, concurrency: AT_ONCE },
  });
  const faults = createJobFaults(log, name);
  queue.on('error', faults.tell);
  worker.on('error', faults.tell);
  return {
    put: async (ids) => {
      const jobs = ids.map((id) => ({ name, data: { id }, opts: { jobId: id, attempts, backoff, ...KEPT } }));
      if (jobs.length > 0) await queue.addBulk(jobs);
    },
    async close() {
      faults.close();
      // Without Redis nothing can be finished in order: BullMQ would wait for it for ever.
      const orderly = worker.close(!isReady(connection)).then(() => queue.close());
      await Promise.race([orderly.catch(faults.tell), aborted(AbortSignal.timeout(CLOSE_WITHIN_MS))]);
      await closeRedis(connection);
    },
  };
}

async function attempt(id: string, deliver: DeliveriesOptions['deliver'], log: Log): Promise<void> {
  const came = await deliver(id).catch((error: unknown) => {
    log.error({ id, code: codeOf(error), detail: messageOf(error) }, 'delivery.failed');
    throw error;
  });
  // The library takes what is thrown for a reason to wait and try again.
  if (came === 'again') throw fault('not-delivered', 'to be tried again');
}
