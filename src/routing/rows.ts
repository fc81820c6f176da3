import { fault } from '../platform/fault.ts';
import type { Told } from './mechanism.ts';
import type { ExpertStatus, Offer, RoutingChange } from './routing.ts';

/** What the Lua commands return, made into the types of this room. Their heads tell the shapes. */

type Raw = string | number | null;
type RawList = readonly Raw[];

const text = (value: Raw | undefined): string => String(value ?? '');
const orNull = (value: Raw | undefined): string | null => (text(value) === '' ? null : text(value));
const time = (value: Raw | undefined): number | null => (text(value) === '' ? null : Number(value));

/** {result, offers, changes, earliest deadline, turn} */
export function toTold<T>(raw: unknown, toResult: (result: unknown) => T): Told<T> {
  const [result, offers, changes, earliest] = raw as [unknown, string[], string[], string];
  return {
    result: toResult(result),
    offers: offers.map(toOffer),
    changes: changes.map((change) => JSON.parse(change) as RoutingChange),
    nextDeadline: time(earliest),
  };
}

export function toOffer(json: string): Offer {
  const offer = JSON.parse(json) as Offer;
  // Lua knows one empty table: cjson writes an empty list as {}.
  const { excluded } = offer.why;
  return { ...offer, why: { ...offer.why, excluded: Array.isArray(excluded) ? excluded : [] } };
}

/** {id, intent, reason, pausedUntil, reachable, activity, since, callId, wrapUpUntil, restUntil, misses, specialties} */
export function toStatus(raw: unknown): ExpertStatus {
  if (raw === null) throw fault('expert-unknown', 'The expert is no longer there');
  const row = raw as RawList;
  return {
    expertId: text(row[0]),
    intent: text(row[1]) as ExpertStatus['intent'],
    reason: orNull(row[2]),
    pausedUntil: time(row[3]),
    reachable: row[4] === '1',
    activity: text(row[5]) as ExpertStatus['activity'],
    since: Number(row[6]),
    callId: orNull(row[7]),
    wrapUpUntil: time(row[8]),
    restUntil: time(row[9]),
    misses: Number(row[10]),
    specialties: text(row[11]).split(',').filter(Boolean),
  };
}

export interface LiveOffer {
  offerId: string;
  activity: 'ringing' | 'talking';
  callId: string;
  expertId: string;
  /** The offer as it was told; null once it is a talk. */
  offer: Offer | null;
}

/** What stands in Redis: offers and talks, and when the next deadline is. */
export interface Standing {
  live: LiveOffer[];
  nextDeadline: number | null;
}

/** {rows of {offer, state, call, expert, offer as JSON or ''}, earliest deadline or ''} */
export function toStanding(raw: unknown): Standing {
  const [rows, earliest] = raw as [RawList[], string];
  const live = rows.map(([offerId, activity, callId, expertId, json]): LiveOffer => ({
    offerId: text(offerId),
    activity: activity === 'talking' ? 'talking' : 'ringing',
    callId: text(callId),
    expertId: text(expertId),
    offer: text(json) === '' ? null : toOffer(text(json)),
  }));
  return { live, nextDeadline: time(earliest) };
}
