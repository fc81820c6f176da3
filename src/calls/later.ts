import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';

/** Work that failed for want of Redis and is repeated until it succeeds, in the order it was given. */
export interface Later {
  add(work: () => Promise<unknown>): void;
  close(): void;
}

const AGAIN_MS = 500;

export function createLater(log: Log): Later {
  const queue: (() => Promise<unknown>)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function work(): Promise<void> {
    for (let next = queue[0]; next !== undefined && !closed; next = queue[0]) {
      try {
        await next();
      } catch (error) {
        log.debug({ detail: messageOf(error), waiting: queue.length }, 'work.delayed');
        return wait();
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
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
