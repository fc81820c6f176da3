import type { WaitEstimate } from '../routing/wait-range.ts';
import type { ToldWait } from './call.ts';
import type { Phrase } from './phrases.ts';
import { waitPhrase } from './phrases.ts';
import { change, iso, record, type Draft } from './table.ts';

/** What a waiting citizen is told of the wait: minutes as people say them, and never more than before without a reason. */

type Minutes = Pick<ToldWait, 'lowMinutes' | 'highMinutes'>;

/** As fine as a wait can be foretold, and as people round it. Each has its prompt. */
export const SAID_MINUTES = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 90] as const;

const AT_MOST_EVERY_MS = 60_000;

/** Rounded outwards; null: neither a beginning nor an end that can be told. */
export function sayable({
  lowSeconds,
  highSeconds,
}: Pick<WaitEstimate, 'lowSeconds' | 'highSeconds'>): Minutes | null {
  const lowMinutes = SAID_MINUTES.findLast((minutes) => minutes * 60 <= lowSeconds) ?? 0;
  const highMinutes = SAID_MINUTES.find((minutes) => minutes * 60 >= highSeconds) ?? null;
  return lowMinutes === 0 && highMinutes === null ? null : { lowMinutes, highMinutes };
}

const end = ({ highMinutes }: Minutes): number => highMinutes ?? Infinity;

/**
 * What to tell after what was told before. More than that only where fewer experts are at work than the earlier range was
 * reckoned with; else the earlier bound stands, though it now seems too low: the report on these waits shows it.
 */
export function afterEarlier(
  fresh: Minutes & { staffed: number },
  earlier: ToldWait | null,
): Minutes & { staffed: number; reason: 'staffing-fell' | null } {
  if (earlier === null) return { ...fresh, reason: null };
  const rises = fresh.lowMinutes > earlier.lowMinutes || end(fresh) > end(earlier);
  if (!rises) return { ...fresh, reason: null };
  if (fresh.staffed < earlier.staffed) return { ...fresh, reason: 'staffing-fell' };
  const high = Math.min(end(fresh), end(earlier));
  return {
    lowMinutes: Math.min(fresh.lowMinutes, earlier.lowMinutes),
    highMinutes: high === Infinity ? null : high,
    staffed: earlier.staffed,
    reason: null,
  };
}

/** Notes what is told, and gives the words; none where nothing can be said, or was said less than a minute ago. */
export function tellWait(draft: Draft, place: number, estimate: WaitEstimate | null): Phrase {
  const earlier = draft.call.toldWait ?? null;
  if (earlier !== null && draft.now - earlier.at < AT_MOST_EVERY_MS) return [];
  const minutes = estimate === null ? null : sayable(estimate);
  if (estimate === null || minutes === null) return [];
  const { reason, ...told } = afterEarlier({ ...minutes, staffed: estimate.staffed }, earlier);
  change(draft, { toldWait: { ...told, at: draft.now } });
  const { lowMinutes, highMinutes, staffed } = told;
  record(draft, {
    kind: 'wait.told',
    data: { toldAt: iso(draft.now), place, lowMinutes, highMinutes, staffed, reason },
  });
  return waitPhrase(lowMinutes, highMinutes);
}
