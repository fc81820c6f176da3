import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { fault } from './fault.ts';

/**
 * Which process may change what Redis knows of calls. Each that takes the exchange counts an epoch up; whatever is written
 * shows the writer's epoch, and a script refuses an older one (`owner-stale`). An emptied Redis takes the epoch of whoever
 * writes first: a stale writer there is met by the next claim.
 */
export interface Fence {
  /** Of this process; 0 before the first claim. */
  epoch(): number;
  /** Becomes the owner. @throws Redis's own error when it is away */
  claim(): Promise<void>;
  /**
   * Runs what shows the epoch. Refused as stale, it is run once more if the exchange is still ours: two starting processes
   * may claim in another order than they reach the exchange, and the exchange decides.
   * @throws `owner-stale`
   */
  guard<T>(work: () => Promise<T>): Promise<T>;
}

/** Beside every key of calls and routing: one hash tag, so that a script may touch both. */
export const EPOCH_KEY = '{clinic}:epoch';
/** The code of a script's refusal, and the number by which it says so. */
export const OWNER_STALE = 'owner-stale';
export const OWNER_STALE_NUMBER = -99;

export interface FenceDeps {
  redis: Redis;
  log: Log;
  /** Whether the exchange is ours, by the exchange's own word. */
  owns: () => boolean | Promise<boolean>;
}

export function createFence({ redis, log, owns }: FenceDeps): Fence {
  let epoch = 0;

  async function claim(): Promise<void> {
    epoch = await redis.incr(EPOCH_KEY);
    log.info({ epoch }, 'owner.claimed');
  }

  async function guard<T>(work: () => Promise<T>): Promise<T> {
    const shown = epoch;
    try {
      return await work();
    } catch (error) {
      if (!isStale(error)) throw error;
      if (!(await owns())) throw fault(OWNER_STALE, 'another process owns the calls', error);
      // Another of our own writes may have claimed meanwhile.
      if (epoch === shown) {
        log.warn({ epoch }, 'owner.contested');
        await claim();
      }
      return await work();
    }
  }

  return { epoch: () => epoch, claim, guard };
}

const isStale = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === OWNER_STALE;
