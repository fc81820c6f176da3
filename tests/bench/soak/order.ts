import {
  grouped,
  inHand,
  legsOf,
  talksOf,
  type History,
  type LedgerCall,
  type Leg,
  type Span,
} from './history.ts';
import { time } from './bindings.ts';
import type { Finding } from './judge.ts';

/**
 * Who came later is not served before who waits: within a specialty, nobody is first joined to an expert whose ring began
 * while somebody with an earlier place waited, all the time, and was rung for by nobody. All experts of a specialty can take
 * all who wait for it, so that such a ring could have been theirs. A ring that was missed keeps the place.
 */

/** A place, an offer and its end are told by three clocks of one machine, and take their way through Redis and ARI. */
const TOLERANCE_MS = 1_000;

interface Place {
  row: LedgerCall;
  channel: string;
  queuedAt: number;
  /** By this they stand in order: the same, less what was waited in vain before. */
  score: number;
  /** When the queue had said so. */
  joinedAt: number;
}

export function judgeOrder({ calls, exchange }: History): Finding[] {
  const seen = {
    rungFor: grouped(legsOf(exchange), ({ citizen }) => citizen),
    talked: firstOf(talksOf(exchange)),
    hands: inHand(exchange),
  };
  const findings: Finding[] = [];
  for (const [, places] of grouped(placesOf(calls), ({ row }) => row.specialty ?? ''))
    for (const later of places) {
      const served = seen.talked.get(later.channel);
      const ring = served && seen.rungFor.get(later.channel)?.find(({ id }) => id === served.id);
      if (ring === undefined || later.joinedAt > ring.from - TOLERANCE_MS) continue;
      const overtaken = places.find(
        (earlier) => earlier.score < later.score && waitedAt(earlier, ring.from, seen),
      );
      if (overtaken !== undefined) findings.push(inversion(later, overtaken, ring));
    }
  return findings;
}

interface Seen {
  rungFor: ReadonlyMap<string, readonly Leg[]>;
  talked: ReadonlyMap<string, { id: string; from: number }>;
  hands: ReadonlyMap<string, readonly Span[]>;
}

/** Stood in the queue since a while before this moment and stays for a while after, with nobody rung for them. */
function waitedAt(place: Place, at: number, { rungFor, talked, hands }: Seen): boolean {
  const around = { from: at - TOLERANCE_MS, to: at + TOLERANCE_MS };
  const { channel, joinedAt } = place;
  const held = hands.get(channel)?.some(({ from, to }) => from < place.queuedAt && to > around.to) ?? false;
  const rung = rungFor.get(channel)?.some((leg) => leg.from < around.to && leg.to > around.from) ?? false;
  // Who has talked hears a goodbye.
  const hasTalked = (talked.get(channel)?.from ?? Infinity) < around.to;
  return joinedAt < around.from && held && !rung && !hasTalked;
}

function placesOf(calls: readonly LedgerCall[]): Place[] {
  return calls.flatMap((row) => {
    const joined = row.entries.find(({ kind }) => kind === 'call.queued');
    if (row.channelId === null || row.queuedAt === null || joined === undefined) return [];
    const score = row.queuedAt - Number(joined.data['headStartSeconds'] ?? 0) * 1000;
    return [{ row, channel: row.channelId, queuedAt: row.queuedAt, score, joinedAt: joined.at }];
  });
}

/** Talks come in the order in which they began. */
function firstOf<T extends { citizen: string }>(talks: readonly T[]): Map<string, T> {
  const first = new Map<string, T>();
  for (const talk of talks) if (!first.has(talk.citizen)) first.set(talk.citizen, talk);
  return first;
}

function inversion(later: Place, earlier: Place, ring: Leg): Finding {
  const what =
    `has its place since ${time(later.queuedAt)} and ${ring.expert} at ${time(ring.from)} (${ring.id}), while ` +
    `${earlier.row.id} (${earlier.row.sipCallId}, ${earlier.channel}) waited since ${time(earlier.queuedAt)}`;
  return {
    ...{ violation: 'inversions', callId: later.row.id, sipCallId: later.row.sipCallId },
    ...{ at: ring.from, what },
  };
}
