import type { Clock } from '../clock.ts';

/** One timer for many deadlines: it stands at the earliest, whoever sets it last tells where that is. */
export interface Alarm {
  /** Milliseconds since the epoch; null: nothing to wait for. */
  set(at: number | null): void;
}

/**
 * Deadlines are wall-clock times, a timer counts otherwise: after a minute at the latest it looks at the clock anew, so
 * that a clock set forward delays nobody by more. It also keeps clear of the longest time a timer can count (24.8 days).
 */
const LOOK_AGAIN_MS = 60_000;

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined;

  function set(at: number | null): void {
    clearTimeout(timer);
    if (at === null) return;
    const left = at - clock.now();
    timer =
      left > LOOK_AGAIN_MS ? setTimeout(() => set(at), LOOK_AGAIN_MS) : setTimeout(ring, Math.max(0, left));
  }

  return { set };
}
