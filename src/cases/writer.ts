import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import type { Queryable } from '../platform/sql.ts';
import {
  coursesOf,
  readClocks,
  type HistoryEntry,
  type Reading,
  type Targets,
  type WorkingTime,
} from './clocks.ts';
import { reserveReference } from './references.ts';
import { KIND, type Action, type CaseState } from './rules.ts';
import {
  addEntry,
  changeCase,
  clocksOf,
  entriesOf,
  insertCase,
  markEscalated,
  putClocks,
  type CaseReason,
  type CaseRow,
  type ClockRow,
  type EntryRow,
} from './store.ts';

/**
 * Writes what happens to cases: an entry, what it makes of the row, and the deadlines that follow from the history, all in
 * the caller's transaction, with the case locked. So no case is ever seen with deadlines that are not those of its history.
 */
export interface CaseWriter {
  /** A new case with its first entry. */
  open(db: Queryable, wanted: Opening): Promise<CaseRow>;
  /** One more entry, and the row as it becomes by it. */
  enter(db: Queryable, row: CaseRow, step: Step): Promise<void>;
  /** The deadlines anew, as the hours are now. @returns how many escalations that led to */
  refresh(db: Queryable, row: CaseRow): Promise<number>;
}

export interface Opening {
  /** In which its reference may have been told; null: none. */
  callId: string | null;
  reason: CaseReason;
  number: string | null;
  specialty: string | null;
  /** The citizen's moment. */
  openedAt: Date;
  actor: string;
  data: Record<string, unknown>;
}

export interface Step {
  action: Action;
  /** `account:<id>` or `system`. */
  actor: string;
  to: CaseState;
  /** When the citizen said it, if that was earlier. */
  citizenAt: Date | null;
  data: Record<string, unknown>;
  changes?: Partial<Pick<CaseRow, 'owner' | 'specialty' | 'followUpOn' | 'reason' | 'number'>>;
}

export interface WriterDeps {
  hours: Pick<Hours, 'workingSecondsBetween' | 'addWorkingSeconds'>;
  clock: Clock;
  log: Log;
  targets: Targets;
}

export function createCaseWriter({ hours, clock, log, targets }: WriterDeps): CaseWriter {
  async function open(db: Queryable, wanted: Opening): Promise<CaseRow> {
    const { actor, data, callId, ...facts } = wanted;
    const at = new Date(clock.now());
    const id = uuidv7();
    const reference = await reserveReference(db, callId);
    await insertCase(db, { id, reference, ...facts });
    const state = 'received';
    const citizenAt = wanted.openedAt;
    await addEntry(db, id, { at, actor, kind: 'case.opened', state, citizenAt, data });
    const row: CaseRow = {
      ...{ id, reference, ...facts, state, owner: null, ownerName: null, followUpOn: null },
      ...{ createdAt: at, escalatedAt: null, version: 1 },
    };
    await refresh(db, row);
    log.info({ caseId: id, reason: wanted.reason }, 'case.opened');
    return row;
  }

  async function enter(db: Queryable, row: CaseRow, step: Step): Promise<void> {
    const { action, actor, to: state, citizenAt, data, changes = {} } = step;
    const at = new Date(clock.now());
    await addEntry(db, row.id, { at, actor, kind: KIND[action], state, citizenAt, data });
    const changed = { ...row, ...changes, state };
    await changeCase(db, changed);
    await refresh(db, changed);
    log.info({ caseId: row.id, state, actor }, KIND[action]);
  }

  async function refresh(db: Queryable, row: CaseRow): Promise<number> {
    const entries = await entriesOf(db, row.id);
    const readings = readClocks(coursesOf(historyOf(entries)), targets, workingTime(hours, row.specialty));
    const before = new Map((await clocksOf(db, [row.id])).map((one) => [one.clock, one]));
    const now = clock.now();
    const alarming = readings.filter(
      (one) => isAlarming(one, now) && !sameTime(before.get(one.clock)?.escalatedDueAt, one.dueAt),
    );
    const rows = readings.map((one) =>
      clockRow(row.id, one, before.get(one.clock), alarming.includes(one) ? now : null),
    );
    await putClocks(db, rows);
    // Hours may change and change back: a deadline that comes again has been told.
    const untold = alarming.filter((one) => !entries.some((entry) => tellsOf(entry, one)));
    for (const one of untold) await escalate(db, row, one, now);
    return untold.length;
  }

  async function escalate(db: Queryable, row: CaseRow, reading: Reading, now: number): Promise<void> {
    const at = new Date(now);
    const data = { clock: reading.clock, dueAt: dateOf(reading.dueAt)?.toISOString() ?? null };
    const { state } = row;
    await addEntry(db, row.id, { at, actor: 'system', kind: KIND.escalate, state, citizenAt: null, data });
    await markEscalated(db, row.id, at);
    log.warn({ caseId: row.id, owner: row.owner, ...data }, KIND.escalate);
  }

  return { open, enter, refresh };
}

const historyOf = (entries: readonly EntryRow[]): HistoryEntry[] =>
  entries.map(({ at, actor, kind, state, citizenAt }) => ({
    ...{ at: at.getTime(), actor, kind, state },
    citizenAt: citizenAt?.getTime() ?? null,
  }));

/** A clock that stands still has no deadline to tell of. */
const isAlarming = ({ stoppedAt, dueAt, alarmAt }: Reading, now: number): boolean =>
  stoppedAt === null && dueAt !== null && alarmAt !== null && alarmAt <= now;

const sameTime = (date: Date | null | undefined, ms: number | null): boolean =>
  (date?.getTime() ?? null) === ms;

const tellsOf = ({ kind, data }: EntryRow, { clock, dueAt }: Reading): boolean =>
  kind === KIND.escalate && data['clock'] === clock && data['dueAt'] === dateOf(dueAt)?.toISOString();

/** A deadline that has moved is another one: it is escalated again when its time comes. now: if it is escalated now. */
function clockRow(
  caseId: string,
  reading: Reading,
  before: ClockRow | undefined,
  now: number | null,
): ClockRow {
  const { clock, startedAt, targetSeconds, dueAt, alarmAt, stoppedAt } = reading;
  return {
    ...{ caseId, clock, targetSeconds, startedAt: new Date(startedAt) },
    ...{ dueAt: dateOf(dueAt), alarmAt: dateOf(alarmAt), stoppedAt: dateOf(stoppedAt) },
    escalatedDueAt: now === null ? (before?.escalatedDueAt ?? null) : dateOf(dueAt),
    escalatedAt: now === null ? (before?.escalatedAt ?? null) : new Date(now),
  };
}

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const workingTime = (hours: WriterDeps['hours'], specialty: string | null): WorkingTime => ({
  secondsBetween: (from, to) => hours.workingSecondsBetween(specialty, from, to),
  add: (from, seconds) => {
    const at = hours.addWorkingSeconds(specialty, from, seconds);
    return at === null ? null : Math.round(at.toMillis());
  },
});
