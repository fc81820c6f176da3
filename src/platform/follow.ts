import type { Pool, PoolClient } from 'pg';
import type { Log } from '../log.ts';
import { messageOf } from './fault.ts';
import { pause } from './signals.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** A connection that died without a word is noticed, and a lost notice made good, at the latest after this time. */
const REREAD_MS = 60_000;

export interface Follower {
  /** Resolves after the first attempt to read, whatever came of it. */
  started: Promise<void>;
  close(): Promise<void>;
}

/**
 * Reads now and again whenever PostgreSQL notifies the channel, on a connection of its own (a notice is told only to
 * the connection that listens). A lost connection is sought for ever, with growing pauses, and then read anew: what was
 * said meanwhile nobody heard.
 * channel: a plain identifier. name: of the log's events, `<name>.lost`. read: is never called twice at once; notices during a read cause one more.
 */
export function follow(deps: {
  pool: Pool;
  channel: string;
  name: string;
  log: Log;
  read: (client: PoolClient) => Promise<void>;
}): Follower {
  const { pool, channel, name, log, read } = deps;
  const stop = new AbortController();
  let tellStarted: () => void = () => undefined;
  const started = new Promise<void>((resolve) => (tellStarted = resolve));
  let failures = 0;

  async function session(): Promise<void> {
    const client = await pool.connect();
    const attention = createAttention(client, stop.signal);
    try {
      await client.query(`listen ${channel}`);
      do {
        await read(client);
        if (failures > 0) log.info({ channel }, `${name}.found`);
        failures = 0;
        tellStarted();
      } while (await attention.wait());
    } finally {
      attention.end();
      // Listening must not be left behind in the pool: the connection is thrown away.
      client.release(true);
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await session();
      } catch (error) {
        failures += 1;
        if (failures === 1 && !stop.signal.aborted)
          log.warn({ channel, detail: messageOf(error) }, `${name}.lost`);
      }
      tellStarted();
      const longest = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures, 8), LONGEST_PAUSE_MS);
      await pause(longest * (0.5 + Math.random() / 2), stop.signal);
    }
  }

  const running = run();
  return {
    started,
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

/** Turns a connection's notices, its end and the passing of time into `wait()`: true = read again; false = stopped. */
function createAttention(client: PoolClient, stop: AbortSignal): { wait(): Promise<boolean>; end(): void } {
  let lost: Error | null = null;
  let noticed = false;
  let wake: () => void = () => undefined;
  const onNotice = () => {
    noticed = true;
    wake();
  };
  const onLost = (error?: Error) => {
    lost ??= error ?? new Error('the connection was closed');
    wake();
  };
  const onStop = () => wake();
  client.on('notification', onNotice).on('error', onLost).on('end', onLost);
  stop.addEventListener('abort', onStop);
  return {
    async wait() {
      if (!noticed && lost === null && !stop.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, REREAD_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      noticed = false;
      if (lost !== null && !stop.aborted) throw lost;
      return !stop.aborted;
    },
    end() {
      // The error listener stays: a connection thrown away may still complain.
      client.off('notification', onNotice).off('end', onLost);
      stop.removeEventListener('abort', onStop);
    },
  };
}
