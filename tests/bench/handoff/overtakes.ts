/** A citizen as the exchange saw them. Times in milliseconds since the epoch. */
export interface Served {
  /** When the place in the queue was taken. */
  entered: number;
  /** When an expert was first called for this citizen. */
  taken: number;
}

/**
 * How many of the citizens were taken more than `toleranceMs` before another who had entered more than `toleranceMs` earlier.
 * The tolerance is what lies between a decision and the sign of it that is read: two experts called in the same breath may be
 * seen in either order.
 */
export function overtakes(served: readonly Served[], toleranceMs: number): number {
  const byEntry = served.toSorted((a, b) => a.entered - b.entered);
  let count = 0;
  let latest = -Infinity;
  let earlier = 0;
  for (const { entered, taken } of byEntry) {
    for (; byEntry[earlier]!.entered < entered - toleranceMs; earlier += 1)
      latest = Math.max(latest, byEntry[earlier]!.taken);
    if (taken + toleranceMs < latest) count += 1;
  }
  return count;
}
