/** mulberry32: uniform numbers in [0, 1) that, unlike Math.random, come again with the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same numbers, asked for as one needs them. */
export interface Chance {
  /** From..to, both included. */
  whole: (from: number, to: number) => number;
  /** True so many times in a hundred. */
  percent: (share: number) => boolean;
  pick: <T>(from: readonly T[]) => T;
}

export function chance(seed: number): Chance {
  const next = random(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    whole,
    percent: (share) => next() * 100 < share,
    pick: (from) => from[whole(0, from.length - 1)]!,
  };
}
