/** Time as the rooms see it. Passed in, so that rules stay pure and tests decide what time it is. */
export interface Clock {
  /** Wall-clock milliseconds since the epoch; may jump. For what is written down. */
  now(): number;
  /** Milliseconds of a clock that never jumps. For durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** The wall clock without its jumps. */
export interface SteadyClock extends Clock {
  /** How far the wall clock has jumped away from ours, in milliseconds; 0: not at all. */
  jumped(): number;
  /** Takes the wall clock's word from now on, in whichever direction that goes. */
  adopt(): void;
}

/** Corrections below this are followed at once, but never back in time: so much is not worth a wrong date. */
const JUMP_MS = 1000;

/**
 * Queues, rings and wrap-ups are kept as wall-clock times in Redis, and the ledger's entries are read in their order: were the
 * clock set by an hour meanwhile, who comes later would stand before who waits, and an expert would rest for an hour. So this
 * one goes on from where it stands when the wall clock jumps, until somebody says that nothing depends on it any more.
 */
export function createSteadyClock(clock: Clock = systemClock): SteadyClock {
  let offset = clock.now() - clock.monotonic();
  let latest = 0;

  const away = (): number => clock.now() - clock.monotonic() - offset;

  function jumped(): number {
    const ms = away();
    return Math.abs(ms) < JUMP_MS ? 0 : Math.round(ms);
  }

  return {
    monotonic: () => clock.monotonic(),
    jumped,
    now: () => {
      if (jumped() === 0) offset += away();
      return (latest = Math.max(latest, Math.floor(offset + clock.monotonic())));
    },
    adopt: () => {
      offset += away();
      latest = 0;
    },
  };
}
