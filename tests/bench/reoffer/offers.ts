import type { SipMessage } from '../support/capture.ts';
import type { Leg } from '../support/legs.ts';

/** What became of an expert's telephone that was rung. Times in milliseconds since the epoch. */
export interface Offer extends Leg {
  end: 'cancelled' | 'refused' | 'answered' | 'open';
  /** The exchange's CANCEL, the telephone's refusal, or its answer. */
  endedAt: number;
  /** From when the telephone is free again: after a talk its BYE. */
  freeAt: number;
}

export interface Reoffers {
  /** From the end of one offer to the INVITE to the next telephone for the same citizen, by how the offer ended. */
  gaps: { cancelled: number[]; refused: number[] };
  /** Offers without an answer that no other followed: there must be none. */
  unfollowed: number;
  /** Left out: nobody else stood idle, so that it was not the exchange that took its time. */
  nobodyIdle: number;
}

export function readOffers(legs: readonly Leg[], messages: readonly SipMessage[]): Offer[] {
  const byCall = new Map<string, SipMessage[]>(legs.map(({ callId }) => [callId, []]));
  for (const message of messages) byCall.get(message.callId)?.push(message);
  return legs.map((leg) => {
    const own = byCall.get(leg.callId) ?? [];
    const final = own.find((message) => endOf(message) !== null);
    if (final === undefined) return { ...leg, end: 'open', endedAt: Infinity, freeAt: Infinity };
    const end = endOf(final)!;
    const bye = own.find(({ method, status }) => method === 'BYE' && status === null)?.at ?? Infinity;
    return { ...leg, end, endedAt: final.at, freeAt: end === 'answered' ? bye : final.at };
  });
}

function endOf({ method, status }: SipMessage): Offer['end'] | null {
  if (method === 'CANCEL' && status === null) return 'cancelled';
  if (method !== 'INVITE' || status === null || status < 200) return null;
  return status < 300 ? 'answered' : 'refused';
}

/**
 * @param experts all that are registered and ready
 * @param restMs how long after an unanswered offer an expert does not count as idle
 */
export function reoffers(offers: readonly Offer[], experts: readonly string[], restMs: number): Reoffers {
  const found: Reoffers = { gaps: { cancelled: [], refused: [] }, unfollowed: 0, nobodyIdle: 0 };
  const byExpert = grouped(offers, ({ user }) => user);
  const busy = (expert: string, at: number) =>
    (byExpert.get(expert) ?? []).some(
      (offer) => offer.at <= at && at < offer.freeAt + (offer.end === 'answered' ? 0 : restMs),
    );
  for (const own of grouped(offers, ({ citizen }) => citizen).values()) {
    const inOrder = own.toSorted((a, b) => a.at - b.at);
    for (const [i, { end, endedAt }] of inOrder.entries()) {
      if (end !== 'cancelled' && end !== 'refused') continue;
      const next = inOrder[i + 1];
      if (next === undefined) found.unfollowed += 1;
      else if (experts.every((expert) => busy(expert, endedAt))) found.nobodyIdle += 1;
      else found.gaps[end].push(next.at - endedAt);
    }
  }
  return found;
}

/** Node 20 has no Map.groupBy. */
function grouped(offers: readonly Offer[], by: (offer: Offer) => string): Map<string, Offer[]> {
  const groups = new Map<string, Offer[]>();
  for (const offer of offers) {
    const group = groups.get(by(offer));
    if (group === undefined) groups.set(by(offer), [offer]);
    else group.push(offer);
  }
  return groups;
}
