import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';
import { pause } from '../platform/signals.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export interface Reloader {
  /** Resolves when a run that began after this request has succeeded, or after close. */
  request(): Promise<void>;
  close(): Promise<void>;
}

/** Runs `work` on request, never twice at once, again and again with growing pauses until it succeeds. */
export function createReloader(log: Log, work: () => Promise<void>): Reloader {
  const stop = new AbortController();
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  async function untilDone(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted; failures += 1) {
      try {
        return await work();
      } catch (error) {
        if (failures === 0) log.warn({ detail: messageOf(error) }, 'roster.unread');
        const longest = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures, 6), LONGEST_PAUSE_MS);
        await pause(longest, stop.signal);
      }
    }
  }

  function start(): Promise<void> {
    running = untilDone().finally(() => (running = null));
    return running;
  }

  return {
    request() {
      if (next !== null) return next;
      if (running === null) return start();
      // The run under way may have read before what this request is about.
      next = running.then(() => {
        next = null;
        return start();
      });
      return next;
    },
    async close() {
      stop.abort();
      await next;
      await running;
    },
  };
}
