import type { Clock } from '../clock.ts';

const BEAT_MS = 100;
/** A beat this late is a busy moment. */
const BUSY_MS = 250;

/**
 * Watches for this process being stopped, or its loop being blocked, while something is under way.
 * @returns ends the watching; how long it stood still, in milliseconds. 0: it did not
 */
export function watchStandstill(clock: Pick<Clock, 'monotonic'>): () => number {
  let stood = 0;
  let last = clock.monotonic();
  function beat(): void {
    const now = clock.monotonic();
    const late = now - last - BEAT_MS;
    if (late > BUSY_MS) stood += late;
    last = now;
  }
  const timer = setInterval(beat, BEAT_MS);
  return () => {
    beat();
    clearInterval(timer);
    return stood;
  };
}
