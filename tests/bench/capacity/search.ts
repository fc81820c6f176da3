/** Which rate to try next: up by a factor until one does not hold, then between the two. */

export interface Tried {
  rate: number;
  holds: boolean;
}

export interface Search {
  first: number;
  factor: number;
  /** Nothing above is tried: more than the machine's own callers could make. */
  most: number;
  /** Ends when the least that failed is no more than this many times the highest that held. */
  closeEnough: number;
}

/** Calls a second; null when the highest rate that holds is known well enough. */
export function nextRate(
  tried: readonly Tried[],
  { first, factor, most, closeEnough }: Search,
): number | null {
  if (tried.length === 0) return first;
  const held = highest(tried);
  const failed = Math.min(...tried.filter(({ holds }) => !holds).map(({ rate }) => rate));
  if (held === 0) return failed <= 2 ? null : Math.round(failed / 2);
  if (failed === Infinity) return held >= most ? null : Math.min(most, Math.round(held * factor));
  const between = Math.round((held + failed) / 2);
  return failed <= held * closeEnough || between === held || between === failed ? null : between;
}

/** 0: none held. */
export const highest = (tried: readonly Tried[]): number =>
  Math.max(0, ...tried.filter(({ holds }) => holds).map(({ rate }) => rate));
