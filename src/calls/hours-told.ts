import { DateTime } from 'luxon';
import type { Hours } from '../hours/service.ts';
import { closedPhrase, openingPhrase } from './phrases.ts';

/** What the hours say, as the call's story keeps it and as the citizen hears it. */
export interface HoursTold {
  open: boolean;
  reason: string;
  /** ISO 8601; null where it is open or no opening is known. */
  opensAt: string | null;
  /** Why it is closed, and when it opens again; none while it is open. */
  words: readonly string[];
}

/** now: ms since the epoch. zone: IANA name. */
export function tellHours(
  { hours, zone }: { hours: Pick<Hours, 'check'>; zone: string },
  specialty: string | null,
  now: number,
): HoursTold {
  const { open, reason, closure, holiday, opensAt } = hours.check(specialty, now);
  const closed = { specialty, closure, holiday: holiday !== null, opensAt };
  const words = open ? [] : closedPhrase(closed, DateTime.fromMillis(now, { zone }));
  return { open, reason, opensAt: opensAt?.toISO() ?? null, words };
}

/**
 * The end of the hours, where it is near. leftMs: how long who waits now is still served. words: the next opening. Not told
 * where the pause is so short that who waits is served after it.
 */
export function tellClosing(
  deps: { hours: Pick<Hours, 'check'>; zone: string; closing: { noticeMs: number; graceMs: number } },
  specialty: string,
  now: number,
): { leftMs: number; words: readonly string[] } | null {
  const { noticeMs, graceMs } = deps.closing;
  const { open, reason, closesAt } = deps.hours.check(specialty, now);
  if (reason === 'default-hours') return null;
  const end = open ? (closesAt?.toMillis() ?? Infinity) : Infinity;
  if (end - now > noticeMs) return null;
  const { opensAt } = deps.hours.check(specialty, end);
  if (opensAt !== null && opensAt.toMillis() - end <= graceMs) return null;
  const words = opensAt === null ? [] : openingPhrase(opensAt, DateTime.fromMillis(now, { zone: deps.zone }));
  return { leftMs: end + graceMs - now, words };
}
