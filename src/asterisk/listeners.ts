import type { Log } from '../log.ts';
import { brief } from './faults.ts';

/** Who wants to be told. One that throws is logged and keeps nobody else from being told. */
export interface Listeners<T> {
  /** @returns the unsubscriber. */
  add: (listener: (news: T) => void) => () => void;
  tell: (news: T) => void;
}

export function createListeners<T>(log: Log): Listeners<T> {
  const listeners = new Set<{ tell: (news: T) => void }>();
  return {
    add: (tell) => {
      const listener = { tell };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell: (news) => {
      for (const listener of listeners) {
        try {
          listener.tell(news);
        } catch (error) {
          log.error({ fault: brief(error), err: error }, 'listener.failed');
        }
      }
    },
  };
}
