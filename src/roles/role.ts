import type { Pool } from 'pg';
import type { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import type { SteadyClock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { pause } from '../platform/signals.ts';

/** What every role of a process shares. */
export interface Shared {
  config: Config;
  log: Log;
  clock: SteadyClock;
  pool: Pool;
  redis: Redis;
  registry: Registry;
  /** Ends the process in an orderly way: what is wrong cannot be mended from within. */
  giveUp: (reason: string) => void;
  /** The same where nothing is wrong: another process does this one's work from now on. */
  retire: (reason: string) => void;
  /**
   * Heavy work of this start, which would hold up the taking up of calls if it ran meanwhile: begun when they are taken up, or
   * when `prepared` is asked for.
   */
  prepare: <T>(work: () => Promise<T>) => Promise<T>;
  /** Begins all such work; resolves when it is over, whatever came of it. Before a hand-over between two processes. */
  prepared: () => Promise<void>;
  /** The calls are taken up. */
  atHand: () => void;
  /** Whether the process is ending: it takes nothing new. */
  draining: () => boolean;
}

/** A role that runs; closed in the reverse order of starting. */
export interface RunningRole {
  /**
   * Lets what is in progress finish and begins nothing more; every role is drained before the first is closed, so that the
   * web still tells how it stands. @returns what is left, for the log
   */
  drain?(): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/**
 * Tries until it works or the signal ends it: a part that is away at the start is awaited like one that goes away later.
 * isFinal: a fault that no waiting can mend; it is thrown.
 */
export async function untilItWorks<T>(
  what: string,
  attempt: () => Promise<T>,
  {
    log,
    signal,
    isFinal = () => false,
  }: { log: Log; signal: AbortSignal; isFinal?: (error: unknown) => boolean },
): Promise<T> {
  for (let longest = FIRST_PAUSE_MS; ; longest = Math.min(longest * 2, LONGEST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (isFinal(error) || signal.aborted) throw error;
      if (longest === FIRST_PAUSE_MS) log.warn({ err: error }, `${what}.awaited`);
    }
    await pause(longest, signal);
    signal.throwIfAborted();
  }
}
