/** How long someone who joined a queue now would wait, as far as the last hour can tell. */

export interface QueueLoad {
  waiting: number;
  /** Experts with the skill who are free. */
  ready: number;
  /** Experts with the skill who are at work: free, ringing, talking or wrapping up. */
  staffed: number;
  /** Talks that ended in the last hour, and the mean time one bound an expert, wrap-up included. */
  handled: number;
  handleSeconds: number | null;
}

/** Fewer talks say nothing about a mean: with an exponential time five still leave it uncertain by nearly a half. */
export const TALKS_NEEDED = 5;

/**
 * 0 when nobody waits and an expert is free; else (waiting + 1) × mean handling time ÷ experts at work: each of them
 * becomes free once in a mean handling time, and the newcomer needs one more of these moments than there are people
 * ahead. Experts who also serve other queues are counted whole, so it is a lower bound where skills overlap.
 * null when nobody is at work or the last hour had too few talks: nothing is invented.
 */
export function expectedWaitSeconds({
  waiting,
  ready,
  staffed,
  handled,
  handleSeconds,
}: QueueLoad): number | null {
  if (waiting === 0 && ready > 0) return 0;
  if (staffed === 0 || handled < TALKS_NEEDED || handleSeconds === null) return null;
  return Math.round(((waiting + 1) * handleSeconds) / staffed);
}
