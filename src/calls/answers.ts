import { maskNumber } from '../log.ts';
import type { CallRow, CallStory } from './store.ts';

/** What of a call is shown to whom. whole: the reader sees citizens' numbers unmasked. */

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

/** A call as the contract names its fields. */
export function toCall(row: CallRow, whole: boolean) {
  const { id, direction, specialty, state, ending, expertId, waitSeconds, talkSeconds, surveyScore, caseId } =
    row;
  return {
    id,
    direction,
    caller: whole ? row.caller : maskNumber(row.caller),
    callerReason: row.callerReason,
    specialty,
    enteredAt: row.enteredAt.toISOString(),
    queuedAt: iso(row.queuedAt),
    answeredAt: iso(row.answeredAt),
    endedAt: iso(row.endedAt),
    state,
    ending,
    expertId,
    waitSeconds,
    talkSeconds,
    outcome: row.outcome,
    surveyScore,
    caseId,
  };
}

/** Keys of ledger data under which a citizen's number stands. */
const NUMBERS: ReadonlySet<string> = new Set(['caller', 'callerReceived', 'number']);

/** How a call went and why: offers with their reasons, talks, outcomes, and every entry of its story in order. */
export function toStory(callId: string, story: CallStory, whole: boolean) {
  return {
    callId,
    offers: story.offers.map(({ why, ...offer }) => ({
      ...offer,
      madeAt: offer.madeAt.toISOString(),
      endedAt: iso(offer.endedAt),
      ...toReason(why),
    })),
    segments: story.segments.map(({ startedAt, endedAt, ...segment }) => ({
      ...segment,
      startedAt: startedAt.toISOString(),
      endedAt: iso(endedAt),
    })),
    outcomes: story.outcomes.map((outcome) => ({ ...outcome, setAt: outcome.setAt.toISOString() })),
    entries: story.entries.map(({ at, data, ...entry }) => ({
      ...entry,
      at: at.toISOString(),
      data: whole ? data : withoutNumbers(data),
    })),
  };
}

type Candidate = { expertId: string; idleMs: number };

/** Stored as routing gave it; shown in seconds like every other duration. Older rows may lack what is newer. */
function toReason(why: Record<string, unknown>) {
  const { rule, waitedMs, position, candidates, excluded } = why as Partial<{
    rule: string;
    waitedMs: number;
    position: number;
    candidates: Candidate[];
    excluded: { expertId: string; because: string }[];
  }>;
  return {
    rule: rule ?? null,
    waitedSeconds: waitedMs === undefined ? null : waitedMs / 1000,
    position: position ?? null,
    candidates: (candidates ?? []).map(({ expertId, idleMs }) => ({ expertId, idleSeconds: idleMs / 1000 })),
    excluded: excluded ?? [],
  };
}

function withoutNumbers(data: Record<string, unknown>): Record<string, unknown> {
  const masked = (name: string, value: unknown) =>
    NUMBERS.has(name) && typeof value === 'string' ? maskNumber(value) : value;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, masked(name, value)]));
}
