import type { Waiting } from '../routing/routing.ts';
import type { Call, CallEvent } from './call.ts';
import type { EarlierExperts } from './earlier-expert.ts';
import type { EarlierWaits } from './earlier-waits.ts';

/** How a call stands in the queue: its place, and whom it is kept for. */

/** The call's place in the queue, the same as often as it is asked for. */
export const waitingEntry = (call: Call): Waiting => ({
  callId: call.id,
  specialty: call.specialty ?? '',
  score: call.score ?? call.queuedAt ?? call.enteredAt,
  queuedAt: call.queuedAt ?? call.enteredAt,
  attempts: call.attempts,
  window: call.window,
});

export interface EntryDeps {
  /** Who comes back meets the same expert again; without them anybody. */
  earlier?: EarlierExperts;
  /** Who has waited in vain has a head start; without them nobody. */
  earlierWaits?: EarlierWaits;
}

/**
 * The same on joining. Only the first time it is looked for what was before; later on the call knows by itself. A head start
 * is told before the place is asked for, which is the same from then on, however often that is.
 */
export async function entryOf(
  call: Call,
  { earlier, earlierWaits }: EntryDeps,
  reply: (event: CallEvent) => void,
): Promise<Waiting> {
  const entry = waitingEntry(call);
  if (call.joined) return entry;
  const [window, seconds] = await Promise.all([
    call.window ?? earlier?.windowFor(call) ?? null,
    call.score === null ? (earlierWaits?.headStartOf(call) ?? 0) : 0,
  ]);
  if (seconds > 0) reply({ type: 'head-start', seconds });
  return { ...entry, window, score: entry.score - seconds * 1000 };
}
