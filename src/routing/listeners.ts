import type { Log } from '../log.ts';

/** Those who want to be told of something. One who fails keeps nothing from the others. */
export interface Listeners<T> {
  tell(value: T): void;
  count(): number;
  /** Makes the function by which listeners come; it returns how to go. onFirst: told when there was nobody before. */
  adder(onFirst: () => void): (listener: (value: T) => void) => () => void;
}

export function createListeners<T>(log: Log): Listeners<T> {
  const listeners = new Set<{ hear: (value: T) => void }>();
  return {
    tell: (value) => {
      for (const { hear } of listeners) {
        try {
          hear(value);
        } catch (error) {
          log.error({ err: error }, 'listener.failed');
        }
      }
    },
    count: () => listeners.size,
    adder: (onFirst) => (hear) => {
      const listener = { hear };
      listeners.add(listener);
      if (listeners.size === 1) onFirst();
      return () => void listeners.delete(listener);
    },
  };
}
