import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { codeOf, messageOf } from '../platform/fault.ts';
import { query, type Queryable } from '../platform/sql.ts';
import { answerWithin } from '../platform/within.ts';
import type { RoutingReader, Waiting } from './routing.ts';
import {
  aheadOf,
  boundedRange,
  nobodyAtWork,
  type Handling,
  type NobodyAtWork,
  type WaitEstimate,
  type WaitRange,
} from './wait-range.ts';

/** Expected waits for citizens on the line: what PostgreSQL told within a minute, and Redis just now. */

export interface WaitEstimates {
  /** place: from 1. null: nothing can be said, or not in time. Never throws. */
  ask(entry: Waiting, place: number): Promise<WaitEstimate | NobodyAtWork | null>;
}

export interface WaitEstimatesDeps {
  routing: Pick<RoutingReader, 'experts' | 'waiting'>;
  pool: Queryable;
  clock: Clock;
  log: Log;
  /** After which a flood of other queues holds nobody up any more; 0: it always does. */
  equityBoundSeconds: number;
}

/**
 * Reading every expert and every place is the same work for one citizen as for all who ask at the same time. Not longer: a ring
 * that has been answered meanwhile would be taken off the place, which is told anew each time.
 */
const PICTURE_KEPT_MS = 250;
/** Means over a hundred talks change slowly. */
const HANDLING_KEPT_MS = 60_000;
/** The latest hundred, so that the first in the morning hear something too; older than a week, they tell of another time. */
const TALKS_SINCE_MS = 7 * 24 * 3_600_000;
/** A citizen is told the place without it rather than later. */
const PATIENCE_MS = 200;

interface HandlingRow extends Handling {
  specialty: string;
}

export function createWaitEstimates(deps: WaitEstimatesDeps): WaitEstimates {
  const { routing, pool, clock, log, equityBoundSeconds: bound } = deps;
  const picture = kept(PICTURE_KEPT_MS, clock, async () => {
    const [experts, waiting] = await Promise.all([routing.experts(), routing.waiting()]);
    return { experts, waiting };
  });
  let handling: ReadonlyMap<string, Handling> = new Map();
  const read = kept(HANDLING_KEPT_MS, clock, async () => {
    handling = await readHandling(pool, clock);
  });

  /** Nobody waits for PostgreSQL: what was read last counts until it answers. */
  function refresh(): void {
    read().catch((error: unknown) =>
      log.warn({ code: codeOf(error), detail: messageOf(error) }, 'handling.unread'),
    );
  }

  async function estimate(entry: Waiting, place: number): ReturnType<WaitEstimates['ask']> {
    const { experts, waiting } = await picture();
    const ahead = aheadOf(entry, place, { experts, waiting });
    if (ahead.staffed === 0) return nobodyAtWork(entry.specialty, experts);
    const known = handling.get(entry.specialty) ?? null;
    const waited = (clock.now() - entry.queuedAt) / 1000;
    const range = boundedRange(ahead, known, bound === 0 ? null : Math.max(0, bound - waited));
    return range === null ? null : { ...range, staffed: ahead.staffed };
  }

  refresh();
  return {
    ask: async (entry, place) => {
      refresh();
      return answerWithin(estimate(entry, place), {
        ...{ ms: PATIENCE_MS, otherwise: null },
        onFault: (error) => log.warn({ callId: entry.callId, detail: messageOf(error) }, 'wait.unknown'),
      });
    },
  };
}

/** How long who joined now would wait, by specialty; null: at once, or not to be told. Reads anew what it says. */
export async function expectedByNewcomers(
  { pool, clock, routing, equityBoundSeconds: bound }: Omit<WaitEstimatesDeps, 'log'>,
  specialties: readonly string[],
): Promise<ReadonlyMap<string, WaitRange | null>> {
  const [handling, experts, waiting] = await Promise.all([
    readHandling(pool, clock),
    routing.experts(),
    routing.waiting(),
  ]);
  const last = { callId: '', score: Infinity };
  const rangeOf = (specialty: string): WaitRange | null => {
    const place = waiting.filter((row) => row.specialty === specialty).length + 1;
    const ahead = aheadOf({ ...last, specialty }, place, { experts, waiting });
    return boundedRange(ahead, handling.get(specialty) ?? null, bound === 0 ? null : bound);
  };
  return new Map(specialties.map((specialty) => [specialty, rangeOf(specialty)]));
}

async function readHandling(db: Queryable, clock: Clock): Promise<ReadonlyMap<string, Handling>> {
  const since = new Date(clock.now() - TALKS_SINCE_MS);
  const rows = await query<HandlingRow & Record<string, unknown>>(db, 'routing/handling', [since]);
  return new Map(rows.map((row) => [row.specialty, row]));
}

/** The same answer for all who ask within so long; a failure is asked again at once. */
function kept<T>(ms: number, clock: Clock, read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  let until = 0;
  return () => {
    if (answer !== null && clock.monotonic() < until) return answer;
    until = clock.monotonic() + ms;
    const mine = read();
    answer = mine;
    mine.catch(() => {
      if (answer === mine) answer = null;
    });
    return mine;
  };
}
