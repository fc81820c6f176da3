import type { Clock } from '../clock.ts';

/**
 * How late we hear of what the exchange tells: what came while this process stood still, or the network did, is read in one go
 * afterwards. The exchange dates its events by a clock of its own; how far that is from ours is told by every echo.
 */
export interface Lateness {
  /** at: when the exchange sent the echo, by its clock (ms since the epoch); tookMs: there and back. */
  heardEcho: (at: number, tookMs: number) => void;
  /** Milliseconds since the exchange told this, by its clock; 0 for what was heard at once, or where nobody can know. */
  since: (at: number) => number;
}

/** An echo that took longer says less well how far the clocks are apart than the one before. */
const PRECISE_MS = 100;
/** What a busy moment and the echo's own way amount to. */
const AT_ONCE_MS = 250;
/** Nothing is kept for so long: one of the two clocks was set. */
const CLOCK_SET_MS = 60_000;

export function createLateness(clock: Clock): Lateness {
  let ahead: number | null = null;

  return {
    heardEcho(at, tookMs) {
      if (ahead === null || tookMs <= PRECISE_MS) ahead = clock.now() - at;
    },
    since(at) {
      if (ahead === null) return 0;
      const late = clock.now() - at - ahead;
      return late < AT_ONCE_MS || late > CLOCK_SET_MS ? 0 : late;
    },
  };
}
