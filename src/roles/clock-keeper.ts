import type { SteadyClock } from '../clock.ts';
import type { Log } from '../log.ts';

const EVERY_MS = 1000;
/** Longer than any rest of an expert: a deadline of before would be off by the whole jump. */
const QUIET_FOR_MS = 60_000;

/**
 * Tells a jump of the wall clock, and follows it as soon as there has been no call for a minute.
 * isQuiet: whether there is no call at all
 */
export function keepClock(deps: { clock: SteadyClock; log: Log; isQuiet: () => boolean }): { close(): void } {
  const { clock, log, isQuiet } = deps;
  let told = 0;
  let quietSince: number | null = null;

  function look(): void {
    const jumped = clock.jumped();
    quietSince = isQuiet() ? (quietSince ?? clock.monotonic()) : null;
    if (jumped !== 0 && Math.abs(jumped - told) >= EVERY_MS)
      log.warn({ jumpedMs: jumped, alarm: true }, 'clock.jumped');
    told = jumped;
    if (jumped === 0 || quietSince === null || clock.monotonic() - quietSince < QUIET_FOR_MS) return;
    clock.adopt();
    log.warn({ jumpedMs: jumped }, 'clock.followed');
    told = 0;
  }

  const timer = setInterval(look, EVERY_MS);
  return { close: () => clearInterval(timer) };
}
