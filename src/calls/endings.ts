import type { Ending } from './ledger.ts';
import type { Phrase } from './phrases.ts';
import {
  after,
  arrow,
  change,
  effect,
  go,
  iso,
  LONGEST_WORDS_SECONDS,
  play,
  record,
  type Draft,
} from './table.ts';

/** How a call ends, whatever it was doing. */

/** Writes the end of the call; the citizen's leg is gone. */
export function close(
  draft: Draft,
  ending: Ending,
  cause: number | null,
  note: string | null = null,
  actor = 'citizen',
): void {
  const { state } = draft.call;
  change(draft, { ending, citizenGone: true, playing: null });
  record(draft, { kind: 'call.ended', data: { ending, endedAt: iso(draft.now), state, cause, note } }, actor);
  go(draft, 'ended');
}

/** The exchange has lost the call, wherever it stood; the citizen is owed what was begun (`promises` in PostgreSQL). */
export function closeAsLost(draft: Draft): void {
  close(draft, 'failed', null, 'exchange-lost', 'system');
}

/**
 * The dialplan has the citizen: how the call ends is no longer ours to write, unless it says a last word and no more
 * (`left-alone`: the line to the expert had broken, and nobody was here to go on).
 */
export function handOver(draft: Draft, { kept }: { kept: boolean }): void {
  if (kept) go(draft, 'ended');
  else close(draft, draft.call.ending ?? 'failed', null, null, 'system');
}

export const isHandedOver = arrow<'handed-over'>(['ended'], handOver);

/**
 * Who did not want to wait, or could not be put in the queue, leaves a number or a message there, or does not. Of the others
 * it is known how the call ends.
 */
export const isHandedOverAtTheEnd = arrow<'handed-over'>(['ended'], (draft, { kept }) => {
  const { ending } = draft.call;
  handOver(draft, { kept: kept && (ending === null || ending === 'failed') });
});

export const isLost = arrow<'exchange-lost'>(['ended'], closeAsLost);

/** Says the last words and hangs up afterwards; how the call ended is known from now on. */
export function dismiss(draft: Draft, ending: Ending, words: Phrase): void {
  change(draft, { ending });
  go(draft, 'leaving');
  play(draft, words);
  after(draft, LONGEST_WORDS_SECONDS, 'last-words');
}

/** An offer made while the citizen stands in no queue: routing is told so, and the expert is free again. */
export const notWaiting = arrow<'offered'>([], (draft) => effect(draft, { do: 'leave-queue' }));
