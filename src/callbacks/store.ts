import { query, queryOne, type Queryable } from '../platform/sql.ts';
import { UNANSWERED } from '../cases/rules.ts';
import type { CallbackResult, CallbackState } from './rules.ts';

/** The rows of callbacks. What follows from what is decided in rules.ts. */

export interface CaseToCall {
  caseId: string;
  reason: string;
  number: string;
  specialty: string | null;
  placeAt: Date;
  /** When the last of its calls ended. */
  lastAt: Date;
  /** The promise's own call, where the citizen has talked with an expert in it after all. */
  reachedBy: string | null;
  followUp: boolean;
  outcome: string | null;
}

/** opened: after when. */
export const casesToCall = (db: Queryable, reasons: readonly string[], opened: Date, limit: number) =>
  query<CaseToCall & Row>(db, 'callbacks/cases-to-call', [reasons, UNANSWERED, opened, limit]);

type Row = Record<string, unknown>;

export interface NewCallback {
  id: string;
  caseId: string;
  number: string;
  specialty: string;
  placeAt: Date;
  state: CallbackState;
  /** Not before; due then, or at the opening after it. */
  wantedAt: Date;
  dueAt: Date;
  result: CallbackResult | null;
  /** When it was promised: who reaches an expert afterwards is not called. */
  since: Date;
}

/** False where the case has one. */
export async function addCallback(db: Queryable, row: NewCallback): Promise<boolean> {
  const { id, caseId, number, specialty, placeAt, state, wantedAt, dueAt, result, since } = row;
  const params = [id, caseId, number, specialty, placeAt, state, dueAt, result, since, wantedAt];
  return (await queryOne(db, 'callbacks/add-callback', params)) !== null;
}

export interface DueRow {
  id: string;
  number: string;
  specialty: string;
  placeAt: Date;
  dueAt: Date;
}

/** Locked until the transaction ends. atOnce: of each specialty, those under way among them. */
export const dueCallbacks = (db: Queryable, now: Date, atOnce: number) =>
  query<DueRow & Row>(db, 'callbacks/due-callbacks', [now, UNANSWERED, atOnce]);

export const claim = (db: Queryable, id: string, callId: string, now: Date) =>
  query(db, 'callbacks/claim', [id, callId, now]);

export const putOff = (db: Queryable, id: string, dueAt: Date) => query(db, 'callbacks/put-off', [id, dueAt]);

export interface PendingTimes {
  id: string;
  specialty: string;
  wantedAt: Date;
  dueAt: Date;
}

/** In the order of their ids. after: null: from the first on. */
export const pendingTimes = (db: Queryable, after: string | null, limit: number) =>
  query<PendingTimes & Row>(db, 'callbacks/pending-times', [after, limit]);

/** @returns how many were moved: not who was changed since. */
export async function retime(db: Queryable, times: readonly PendingTimes[]): Promise<number> {
  const columns = [
    times.map(({ id }) => id),
    times.map(({ wantedAt }) => wantedAt),
    times.map(({ dueAt }) => dueAt),
  ];
  return (await query(db, 'callbacks/retime', columns)).length;
}

export interface UnderWay {
  id: string;
  callId: string;
  specialty: string;
  claimedAt: Date;
  entered: boolean;
  ended: boolean;
  unwanted: boolean;
}

export const attemptsUnderWay = (db: Queryable) =>
  query<UnderWay & Row>(db, 'callbacks/attempts-under-way', [UNANSWERED]);

export const free = (db: Queryable, id: string, callId: string) => query(db, 'callbacks/free', [id, callId]);

export const linkCalls = (db: Queryable) => query(db, 'callbacks/link-calls');

export interface EndedAttempt {
  id: string;
  caseId: string;
  /** Of the case. */
  reference: string;
  callId: string;
  number: string;
  specialty: string;
  attempts: number;
  ending: string | null;
  /** As keyed in during the attempt, to be called at instead. */
  keyed: string | null;
  result: string | null;
  followUp: boolean;
  outcome: string | null;
  othersReached: boolean;
  takenBack: boolean;
}

export const endedAttempts = (db: Queryable, limit: number, now: Date) =>
  query<EndedAttempt & Row>(db, 'callbacks/ended-attempts', [limit, now]);

export interface Settled {
  state: CallbackState;
  /** null: as they were. */
  wantedAt: Date | null;
  dueAt: Date | null;
  attempts: number;
  result: CallbackResult;
  /** Where to call from now on; null: as it was. */
  number: string | null;
}

/** False where another has done so. */
export async function settle(db: Queryable, id: string, callId: string, to: Settled): Promise<boolean> {
  const params = [id, callId, to.state, to.dueAt, to.attempts, to.result, to.number, to.wantedAt];
  return (await queryOne(db, 'callbacks/settle', params)) !== null;
}

export const noLongerNeeded = (db: Queryable, limit: number) =>
  query<{ id: string; caseId: string; reachedBy: string | null }>(db, 'callbacks/no-longer-needed', [
    ...[UNANSWERED, limit],
  ]);

export const cancel = async (db: Queryable, id: string, result: CallbackResult): Promise<boolean> =>
  (await queryOne(db, 'callbacks/cancel', [id, result])) !== null;

export const nextDue = async (db: Queryable): Promise<Date | null> =>
  (await queryOne<{ dueAt: Date | null }>(db, 'callbacks/next-due'))?.dueAt ?? null;

export const findCallback = (db: Queryable, caseId: string) =>
  queryOne<{ id: string; state: CallbackState }>(db, 'callbacks/find-callback', [caseId]);

export const caseToCall = (db: Queryable, caseId: string) =>
  queryOne<{ number: string | null; specialty: string | null; placeAt: Date }>(db, 'callbacks/case-to-call', [
    caseId,
  ]);

export async function callAt(
  db: Queryable,
  wanted: Pick<NewCallback, 'id' | 'caseId' | 'number' | 'specialty' | 'placeAt' | 'wantedAt' | 'dueAt'>,
): Promise<void> {
  const { id, caseId, number, specialty, placeAt, wantedAt, dueAt } = wanted;
  await query(db, 'callbacks/call-at', [id, caseId, number, specialty, placeAt, dueAt, wantedAt]);
}
