import { DateTime } from 'luxon';

/** Who is texted, when, and when it is given up. Pure. */

/** As PostgreSQL holds it too. Telephones on a desk and abroad get none. */
const MOBILE = /^\+989[0-9]{9}$/;
export const isMobile = (number: string): boolean => MOBILE.test(number);

export interface QuietHours {
  /** IANA name. */
  zone: string;
  /** Hours of the day, 0 to 23; the same twice: there are none. */
  from: number;
  until: number;
}

/** So long after the citizen's call a message still is an answer to it. */
const JUST_NOW_MS = 15 * 60_000;

/**
 * When a message may go: null: now; else the end of the quiet hours, ms since the epoch. answersAt: when the call ended that it
 * answers, ms since the epoch like now; null: it answers none.
 */
export function notBefore(
  { answersAt, now }: { answersAt: number | null; now: number },
  { zone, from, until }: QuietHours,
): number | null {
  if (answersAt !== null && now - answersAt <= JUST_NOW_MS) return null;
  const at = DateTime.fromMillis(now, { zone });
  const isQuiet = from <= until ? at.hour >= from && at.hour < until : at.hour >= from || at.hour < until;
  if (!isQuiet) return null;
  const today = at.startOf('day').set({ hour: until });
  return (today > at ? today : today.plus({ days: 1 })).toMillis();
}

/** To one number: nobody has so many cases, and whoever calls can key in somebody else's number. */
export const MOST_A_DAY = 10;

/** From 15 s, each pause twice the one before: twelve attempts take eight and a half hours. */
export const MOST_ATTEMPTS = 12;
export const FIRST_PAUSE_MS = 15_000;
/** Later than this nobody waits for it any more, and what it says may not be so. */
const WORTHLESS_AFTER_MS = 24 * 3_600_000;

export const isWorthless = (createdAt: number, now: number): boolean => now - createdAt > WORTHLESS_AFTER_MS;
