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
