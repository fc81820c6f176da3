import type { Log } from '../log.ts';
import { codeOf } from '../platform/fault.ts';

/** Work that failed for want of Redis and is repeated until it succeeds, in the order it was given. */
export interface Later {
  add(work: () => Promise<unknown>): void;
  /** Tries at once. @returns how much is left all the same */
  flush(): Promise<number>;
  close(): void;
}

const AGAIN_MS = 500;
/** The one fault that passes by itself. */
const AWAY = 'redis-failed';

export function createLater(log: Log): Later {
  const queue: (() => Promise<unknown>)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let working: Promise<void> | null = null;

  function work(): Promise<void> {
    clearTimeout(timer);
    working ??= workOff().finally(() => (working = null));
    return working;
  }

  async function workOff(): Promise<void> {
    for (let next = queue[0]; next !== undefined && !closed; next = queue[0]) {
      try {
        await next();
      } catch (error) {
        if (codeOf(error) === AWAY) return wait();
        // Refused for good: what comes behind it must not wait for ever.
        log.error({ err: error, waiting: queue.length }, 'work.refused');
      }
      queue.shift();
    }
  }

  function wait(): void {
    if (!closed) timer = setTimeout(() => void work(), AGAIN_MS);
  }

  return {
    add: (one) => {
      queue.push(one);
      if (queue.length === 1) wait();
    },
    flush: async () => {
      await work();
      return queue.length;
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
