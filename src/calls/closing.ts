import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { State } from './call.ts';
import { tellHours } from './hours-told.ts';
import type { Runner } from './runner.ts';

/**
 * Tells those who wait that their specialty is open no longer. At the end of the hours the experts still serve who is there,
 * for a while; after it, and at once where it was closed on the spot, nobody is left to wait in vain.
 */
export interface Closing {
  /** Looks now, and from then on by itself: at every change of the hours, and whenever a specialty closes. */
  start(): void;
  close(): void;
}

export interface ClosingDeps {
  hours: Pick<Hours, 'check' | 'workingSecondsBetween' | 'onChange'>;
  live: () => ReadonlyMap<string, Runner>;
  clock: Clock;
  /** IANA name of the clinic's zone. */
  zone: string;
  specialties: readonly string[];
  /** How long after the end of the hours who waits is still served. */
  graceSeconds: number;
}

const WAIT: ReadonlySet<State> = new Set(['position', 'waiting']);
/** Of these some come back to waiting. */
const MAY_WAIT: ReadonlySet<State> = new Set(['hours-check', 'ringing', 'connecting']);
/** Also where two clocks differ, or the machine slept. */
const AT_LEAST_EVERY_MS = 60_000;
const AGAIN_MS = 1000;

export function createClosing(deps: ClosingDeps): Closing {
  const { hours, clock } = deps;
  const graceMs = deps.graceSeconds * 1000;
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | null = null;

  /** Milliseconds until those who wait for the specialty have waited in vain; 0: they have; null: not to be foreseen. */
  function leftOf(specialty: string, now: number): number | null {
    const { open, reason, opensAt, closesAt } = hours.check(specialty, now);
    // As long as the hours could not be read nobody is sent away who was let in by the real ones.
    if (reason === 'default-hours') return null;
    if (open) return closesAt === null ? null : Math.max(1, closesAt.toMillis() - now);
    // Whoever is there at the end of the morning waits through a pause as short as this.
    if (opensAt !== null && opensAt.toMillis() - now <= graceMs) return null;
    if (reason === 'closure') return 0;
    const { closesAt: closedAt } = hours.check(specialty, now - graceMs);
    if (closedAt !== null) return Math.max(0, closedAt.toMillis() + graceMs - now);
    return hours.workingSecondsBetween(specialty, now - graceMs, now) === 0 ? 0 : AGAIN_MS;
  }

  function look(): void {
    clearTimeout(timer);
    const now = clock.now();
    let next = AT_LEAST_EVERY_MS;
    for (const specialty of deps.specialties) {
      const left = leftOf(specialty, now);
      if (left === null) continue;
      next = Math.min(next, left > 0 ? left : tell(specialty, now));
    }
    timer = setTimeout(look, next);
  }

  /** @returns when to look again for those who are in the middle of something */
  function tell(specialty: string, now: number): number {
    const { reason, opensAt, words } = tellHours(deps, specialty, now);
    let inBetween = false;
    for (const runner of deps.live().values()) {
      const call = runner.call();
      if (call.specialty !== specialty) continue;
      if (WAIT.has(call.state)) runner.post({ type: 'closes', reason, opensAt, words });
      inBetween ||= MAY_WAIT.has(call.state);
    }
    return inBetween ? AGAIN_MS : AT_LEAST_EVERY_MS;
  }

  return {
    start: () => {
      stop ??= hours.onChange(look);
      look();
    },
    close: () => {
      stop?.();
      stop = null;
      clearTimeout(timer);
    },
  };
}
