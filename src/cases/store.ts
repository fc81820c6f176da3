import { query, queryOne, type Queryable } from '../platform/sql.ts';
import type { CaseClock } from './clocks.ts';
import type { CaseState, EntryKind } from './rules.ts';

/** The rows of cases. What they mean is decided elsewhere: rules.ts, clocks.ts, writer.ts. */

export const REASONS = ['failed', 'callback', 'voicemail', 'abandoned', 'follow-up', 'imported'] as const;
export type CaseReason = (typeof REASONS)[number];

export interface CaseRow {
  id: string;
  reference: string;
  reason: CaseReason;
  /** E.164; null: nobody can be called. */
  number: string | null;
  specialty: string | null;
  state: CaseState;
  /** Account id. */
  owner: string | null;
  ownerName: string | null;
  /** ISO date. */
  followUpOn: string | null;
  openedAt: Date;
  createdAt: Date;
  escalatedAt: Date | null;
  version: number;
}

export interface EntryRow {
  seq: number;
  at: Date;
  actor: string;
  kind: EntryKind;
  state: CaseState;
  citizenAt: Date | null;
  data: Record<string, unknown>;
}

export interface ClockRow {
  caseId: string;
  clock: CaseClock;
  startedAt: Date;
  targetSeconds: number;
  dueAt: Date | null;
  alarmAt: Date | null;
  stoppedAt: Date | null;
  escalatedDueAt: Date | null;
  escalatedAt: Date | null;
}

export interface CallOfCase {
  id: string;
  direction: 'inbound' | 'outbound';
  specialty: string | null;
  enteredAt: Date;
  endedAt: Date | null;
  ending: string | null;
  expertId: string | null;
  /** Given in it; may be another than the case's own. */
  reference: string | null;
}

/** When the case's citizen is called back; see src/callbacks/. */
export interface CallbackOfCase {
  state: string;
  dueAt: Date;
  attempts: number;
  result: string | null;
}

export interface RecordingOfCase {
  id: string;
  callId: string | null;
  kind: 'message' | 'talk' | 'imported';
  seconds: number | null;
  at: Date;
  erasedAt: Date | null;
}

type Id = { id: string };

export const lockCitizen = (db: Queryable, key: string) => query(db, 'cases/lock-citizen', [key]);

export const findCase = (db: Queryable, id: string) => queryOne<CaseRow & Row>(db, 'cases/find-case', [id]);

/** Read and locked, in a transaction. */
export const lockCase = (db: Queryable, id: string) => queryOne<CaseRow & Row>(db, 'cases/lock-case', [id]);

type Row = Record<string, unknown>;

export interface NewCase {
  id: string;
  reference: string;
  reason: CaseReason;
  number: string | null;
  specialty: string | null;
  openedAt: Date;
}

/** Under a reference that was reserved for it. */
export async function insertCase(db: Queryable, wanted: NewCase): Promise<void> {
  const { id, reference, reason, number, specialty, openedAt } = wanted;
  await query(db, 'cases/insert-case', [id, reference, reason, number, specialty, openedAt]);
}

export async function changeCase(db: Queryable, row: CaseRow): Promise<void> {
  const { id, state, owner, specialty, followUpOn, reason, number } = row;
  await query(db, 'cases/change-case', [id, state, owner, specialty, followUpOn, reason, number]);
}

export async function addEntry(db: Queryable, caseId: string, entry: Omit<EntryRow, 'seq'>): Promise<void> {
  const { at, actor, kind, state, citizenAt, data } = entry;
  await query(db, 'cases/add-entry', [caseId, at, actor, kind, state, citizenAt, JSON.stringify(data)]);
}

export const entriesOf = (db: Queryable, caseId: string) =>
  query<EntryRow & Row>(db, 'cases/entries-of-case', [caseId]);

export const clocksOf = (db: Queryable, caseIds: readonly string[]) =>
  query<ClockRow & Row>(db, 'cases/clocks-of-cases', [caseIds]);

export const callsOf = (db: Queryable, caseId: string) =>
  query<CallOfCase & Row>(db, 'cases/calls-of-case', [caseId]);

export const callbackOf = (db: Queryable, caseId: string) =>
  queryOne<CallbackOfCase & Row>(db, 'cases/callback-of-case', [caseId]);

export const recordingsOf = (db: Queryable, caseId: string) =>
  query<RecordingOfCase & Row>(db, 'cases/recordings-of-case', [caseId]);

export async function putClocks(db: Queryable, clocks: readonly ClockRow[]): Promise<void> {
  const rows = clocks.map((clock) => ({
    case_id: clock.caseId,
    clock: clock.clock,
    started_at: clock.startedAt,
    target_seconds: clock.targetSeconds,
    due_at: clock.dueAt,
    alarm_at: clock.alarmAt,
    stopped_at: clock.stoppedAt,
    escalated_due_at: clock.escalatedDueAt,
    escalated_at: clock.escalatedAt,
  }));
  await query(db, 'cases/put-clocks', [JSON.stringify(rows)]);
}

export const markEscalated = (db: Queryable, caseId: string, at: Date) =>
  query(db, 'cases/mark-escalated', [caseId, at]);

/** False where the call belongs to a case already. */
export const addCall = async (db: Queryable, callId: string, caseId: string): Promise<boolean> =>
  (await queryOne(db, 'cases/add-call', [callId, caseId])) !== null;

export const caseOfCall = async (db: Queryable, callId: string): Promise<string | null> =>
  (await queryOne<Id>(db, 'cases/case-of-call', [callId]))?.id ?? null;

export interface CaseFilter {
  /** Id of the last case of the page before. */
  after: string | null;
  limit: number;
  state?: CaseState | undefined;
  specialty?: string | undefined;
  /** An account's id, or `none`. */
  owner?: string | undefined;
  reason?: CaseReason | undefined;
  reference?: string | undefined;
  overdue?: boolean | undefined;
  /** ISO date: cases that are not over, whose follow-up date has come by then. */
  followUpBy?: string | undefined;
}

/** A page of cases, newest first. now: against which deadlines are held. */
export function listCases(db: Queryable, filter: CaseFilter, now: Date): Promise<(CaseRow & Row)[]> {
  const { after, limit, state, specialty, owner, reason, reference, overdue, followUpBy } = filter;
  return query<CaseRow & Row>(db, 'cases/list-cases', [
    ...[after, state ?? null, specialty ?? null],
    ...[owner === undefined || owner === 'none' ? null : owner, owner === 'none'],
    ...[reason ?? null, reference ?? null, overdue ?? null, now, limit, followUpBy ?? null],
  ]);
}

export const canOwn = async (db: Queryable, accountId: string, roles: readonly string[]): Promise<boolean> =>
  (await queryOne(db, 'cases/find-owner', [accountId, roles])) !== null;

export const isSpecialty = async (db: Queryable, key: string): Promise<boolean> =>
  (await queryOne(db, 'cases/find-specialty', [key])) !== null;

export interface CaseFigures {
  byState: ReadonlyMap<CaseState, number>;
  overdue: number;
  unescalated: number;
}

type FigureRow = { state: CaseState; count: number; overdue: number; unescalated: number };

/** How many cases are not over, and how late. now: milliseconds since the epoch. */
export async function readCaseFigures(db: Queryable, now: number): Promise<CaseFigures> {
  const rows = await query<FigureRow>(db, 'cases/figures', [new Date(now)]);
  const sum = (value: (row: FigureRow) => number) => rows.reduce((total, row) => total + value(row), 0);
  return {
    byState: new Map(rows.map(({ state, count }) => [state, count])),
    overdue: sum((row) => row.overdue),
    unescalated: sum((row) => row.unescalated),
  };
}

export interface Unanswered {
  caseId: string;
  reference: string;
  clock: CaseClock;
  dueAt: Date;
  reason: CaseReason;
  state: CaseState;
  specialty: string | null;
  owner: string | null;
  number: string | null;
  openedAt: Date;
}

export interface UnansweredFilter {
  now: Date;
  after: { caseId: string; clock: string } | null;
  /** Of the deadline. */
  from: Date | null;
  to: Date | null;
  limit: number;
}

/** A page of what must never be: deadlines that have passed without anybody having been told. */
export function listUnanswered(db: Queryable, filter: UnansweredFilter): Promise<(Unanswered & Row)[]> {
  const { now, after, from, to, limit } = filter;
  const position = [after?.caseId ?? null, after?.clock ?? null];
  return query<Unanswered & Row>(db, 'cases/unanswered', [now, ...position, from, to, limit]);
}

/** Calls that left something to be done and have no case. Bounds: when it was left to be done. */
export const countUnopened = async (db: Queryable, from: Date | null, to: Date): Promise<number> =>
  (await queryOne<{ count: number }>(db, 'cases/count-unopened', [from, to]))?.count ?? 0;

/** Abandoned calls of which nobody can be called, as the number was withheld. Bounds: when the call ended. */
export const countWithheld = async (db: Queryable, from: Date | null, to: Date | null): Promise<number> =>
  (await queryOne<{ count: number }>(db, 'cases/withheld-abandoned', [from, to]))?.count ?? 0;
