import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import * as store from './store.ts';

/** When a callback is due: when it is wanted, or at the opening after that; the hours change, the wish does not. */

/** Where no opening is known: a closure nobody has given an end, or hours that are still to be set. */
const AGAIN_MS = 5 * 60_000;
const AT_ONCE = 200;

/** That moment where it is open then, else the next opening; one that is not known is asked about again some minutes later. */
export function atOpening(hours: Pick<Hours, 'check'>, specialty: string, atMs: number): Date {
  const { open, opensAt } = hours.check(specialty, atMs);
  return new Date(open ? atMs : (opensAt?.toMillis() ?? atMs + AGAIN_MS));
}

interface Stretch {
  from: number;
  /** Exclusive. */
  to: number;
  open: boolean;
  opensAtMs: number | null;
}
type Look = (specialty: string, atMs: number) => Pick<Stretch, 'open' | 'opensAtMs'>;

/** Asks once a stretch between openings and closings: thousands may be pending, and each answer costs most of a millisecond. */
function byStretches(hours: Pick<Hours, 'check'>): Look {
  const known = new Map<string, Stretch[]>();
  return (specialty, atMs) => {
    const stretches = known.get(specialty) ?? [];
    const found = stretches.find(({ from, to }) => from <= atMs && atMs < to);
    if (found !== undefined) return found;
    const { open, opensAt, closesAt } = hours.check(specialty, atMs);
    const opensAtMs = opensAt?.toMillis() ?? null;
    // Without an end nothing is known of any other moment.
    const to = closesAt?.toMillis() ?? opensAtMs ?? atMs + 1;
    const stretch = { from: atMs, to, open, opensAtMs };
    // Of one that was known by its later part this is the whole.
    known.set(specialty, [...stretches.filter((one) => one.to !== to), stretch]);
    return stretch;
  };
}

/** By the hours as they are now. null: it is due when it should be. */
function dueAnew(
  look: Look,
  { specialty, wantedAt, dueAt }: Pick<store.PendingTimes, 'specialty' | 'wantedAt' | 'dueAt'>,
  now: number,
): Date | null {
  const from = Math.max(now, wantedAt.getTime());
  const due = dueAt.getTime();
  const { open, opensAtMs } = look(specialty, from);
  // What is due stays so, and what is asked about again in some minutes is not put off at every look.
  if (open && from === now && due <= now) return null;
  if (!open && opensAtMs === null && due > from && due <= from + AGAIN_MS) return null;
  const anew = open ? from : (opensAtMs ?? from + AGAIN_MS);
  return anew === due ? null : new Date(anew);
}

/**
 * Moves what is pending to where the hours of now have it, forward as well as back; for several processes at once. @returns how
 * many were moved
 */
export function createRetiming(deps: {
  pool: Pool;
  clock: Clock;
  log: Log;
  hours: Pick<Hours, 'check'>;
}): () => Promise<number> {
  const { pool, clock, log, hours } = deps;
  return async () => {
    const look = byStretches(hours);
    let moved = 0;
    let after: string | null = null;
    do {
      const page: store.PendingTimes[] = await store.pendingTimes(pool, after, AT_ONCE);
      const now = clock.now();
      const others = page.flatMap((one) => {
        const dueAt = dueAnew(look, one, now);
        return dueAt === null ? [] : [{ ...one, dueAt }];
      });
      if (others.length > 0) moved += await store.retime(pool, others);
      after = page.length < AT_ONCE ? null : (page.at(-1)?.id ?? null);
    } while (after !== null);
    if (moved > 0) log.info({ moved }, 'callbacks.retimed');
    return moved;
  };
}
