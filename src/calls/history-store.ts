import { query, type Queryable } from '../platform/sql.ts';
import type { Ending } from './ledger.ts';
import type { Outcome } from './store.ts';

/** What is known of a citizen from before, and how often one talk was enough. */

export interface EarlierCall {
  id: string;
  direction: 'inbound' | 'outbound';
  specialty: string | null;
  enteredAt: Date;
  ending: Ending | null;
  expertId: string | null;
  expertName: string | null;
  talkSeconds: number | null;
  outcome: Outcome | null;
  caseId: string | null;
}

export interface EarlierCase {
  id: string;
  reference: string;
  reason: string;
  state: string;
  specialty: string | null;
  openedAt: Date;
}

type Row = Record<string, unknown>;

/** Calls of the same number that began before this one, newest first. */
export const earlierCalls = (db: Queryable, caller: string, before: string, limit: number) =>
  query<EarlierCall & Row>(db, 'calls/earlier-calls', [caller, before, limit]);

/** Cases of the number, newest first. */
export const casesOfNumber = (db: Queryable, number: string, limit: number) =>
  query<EarlierCase & Row>(db, 'calls/cases-of-number', [number, limit]);

/** Concerns of one specialty; see first-contact-routes.ts for what one is. */
export interface FirstContact {
  specialty: string;
  resolved: number;
  repeated: number;
  undecided: number;
  /** Talks that belong to no citizen we could know again. */
  withoutNumber: number;
}

/** from, to: of the talk's beginning. now: what began less than `days` before it is undecided unless repeated. */
export function readFirstContact(
  db: Queryable,
  { from, to, days, now }: { from: Date; to: Date; days: number; now: Date },
): Promise<(FirstContact & Row)[]> {
  return query<FirstContact & Row>(db, 'calls/first-contact', [from, to, days, now]);
}
