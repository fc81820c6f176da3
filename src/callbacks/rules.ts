import type { AttemptResult } from '../calls/ledger.ts';
import type { Config } from '../config.ts';

/** Who is called back, when, how often, and at which numbers. Pure. */

export const STATES = ['pending', 'live', 'done', 'declined', 'given-up', 'cancelled'] as const;
export type CallbackState = (typeof STATES)[number];

/**
 * What came of an attempt, or why none is made. no-trunk: none is configured; listed: the number is, as a nuisance;
 * taken-back: by staff; case-over: the case was closed; reached: by another call of the citizen's; message-left: the citizen has
 * left one instead.
 */
export type CallbackResult =
  AttemptResult | 'talked' | 'message-left' | 'no-trunk' | 'taken-back' | 'case-over' | 'reached';

/**
 * Why a case is opened for which a call back is what helps: asked for, given up waiting, or cut off by a fault of ours. A message
 * is to be heard by a person first.
 */
export const REASONS = ['callback', 'abandoned', 'failed'] as const;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/** After the second call without an answer: another day, at about the same time. */
const NEXT_DAY = 24 * HOUR;
/** Our own trunk is not there: staff have been told, and it may come back. */
const TRUNK_AGAIN = 10 * MINUTE;
/** The exchange or this program broke in the middle of it. */
const LOST_AGAIN = 2 * MINUTE;
/** Two processes may know of a change of hours a moment apart. */
const CLOSED_AGAIN = MINUTE;

export interface Policy {
  attempts: number;
  busySeconds: number;
  retrySeconds: number;
  postponeSeconds: number;
}

export const policyOf = (config: Config): Policy => ({
  attempts: config.CALLBACK_ATTEMPTS,
  busySeconds: config.CALLBACK_BUSY_MINUTES * MINUTE,
  retrySeconds: config.CALLBACK_RETRY_HOURS * HOUR,
  postponeSeconds: config.CALLBACK_POSTPONE_HOURS * HOUR,
});

export type Next =
  | { state: 'done' | 'declined' | 'given-up' | 'cancelled'; attempts: number }
  /** Due after so long, or when the specialty opens next if that is later. */
  | { state: 'pending'; attempts: number; afterSeconds: number };

/**
 * @param attempts without an answer before this one; only what the citizen's telephone said counts.
 * @param othersReached by the same trunk a short time ago: then a network that cannot connect says something of this number only.
 */
export function whatFollows(
  result: CallbackResult,
  attempts: number,
  policy: Policy,
  othersReached = false,
): Next {
  const later = (afterSeconds: number): Next => ({ state: 'pending', attempts, afterSeconds });
  switch (result) {
    case 'talked':
      return { state: 'done', attempts };
    case 'not-needed':
      return { state: 'declined', attempts };
    case 'postponed':
      return later(policy.postponeSeconds);
    case 'closed':
      return later(CLOSED_AGAIN);
    case 'recalled':
      return later(0);
    case 'unreachable':
      return othersReached ? notReached(result, attempts + 1, policy) : later(TRUNK_AGAIN);
    case 'lost':
    case 'on-the-line':
      return later(LOST_AGAIN);
    case 'busy':
    case 'no-answer':
    case 'rejected':
    case 'unobtainable':
    case 'silent':
    case 'hung-up':
      return notReached(result, attempts + 1, policy);
    default:
      return { state: 'cancelled', attempts };
  }
}

/** Nobody calls again who was taken back meanwhile, unless the citizen has asked for it at the telephone. */
export const afterTakenBack = (result: CallbackResult, next: Next): Next =>
  next.state === 'pending' && result !== 'postponed' ? { state: 'cancelled', attempts: next.attempts } : next;

function notReached(result: CallbackResult, attempts: number, policy: Policy): Next {
  if (attempts >= policy.attempts) return { state: 'given-up', attempts };
  const soon = result === 'busy' ? policy.busySeconds : policy.retrySeconds;
  const afterSeconds = attempts === 1 ? soon : Math.max(NEXT_DAY, policy.retrySeconds);
  return { state: 'pending', attempts, afterSeconds };
}

/** What the ledger says of an attempt that is over. tried: what it wrote down where there was no talk. */
export function resultOf(ending: string | null, tried: string | null): CallbackResult {
  if (ending === 'answered') return 'talked';
  if (ending === 'voicemail') return 'message-left';
  if (tried !== null) return tried as AttemptResult;
  return ending === 'failed' ? 'lost' : 'hung-up';
}

/** list: beginnings of E.164 numbers, with `!` before those that may not be dialled. */
export function mayBeDialled(number: string, list: string): boolean {
  const [refused, allowed] = [true, false].map((not) =>
    list.split(',').filter((one) => one !== '' && one.startsWith('!') === not),
  );
  if (!/^\+[1-9][0-9]{6,14}$/.test(number)) return false;
  if (refused?.some((one) => number.startsWith(one.slice(1))) === true) return false;
  return allowed?.some((one) => number.startsWith(one)) === true;
}

const COUNTRY = '+98';

/** number: E.164. */
export function dialledAs(number: string, form: Config['CALLBACK_NUMBER_FORM']): string {
  if (form === 'international') return number;
  return number.startsWith(COUNTRY) ? `0${number.slice(COUNTRY.length)}` : `00${number.slice(1)}`;
}

/** How citizens are dialled, as the calls want to know it. */
export const dialPlanOf = (config: Config) => ({
  trunk: config.CALLBACK_TRUNK,
  allows: (number: string) => mayBeDialled(number, config.CALLBACK_DESTINATIONS),
  dialled: (number: string) => dialledAs(number, config.CALLBACK_NUMBER_FORM),
  ringSeconds: config.CALLBACK_RING_SECONDS,
});
