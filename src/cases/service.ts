import type { ClientBase, Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import { query, transaction } from '../platform/sql.ts';
import type { ImportedSounds } from '../recordings/service.ts';
import { sendText, textsOfCase, type TextRow } from '../sms/service.ts';
import type { TemplateKey } from '../sms/templates.ts';
import { recordAudit } from '../staff/audit.ts';
import type { Role } from '../staff/rules.ts';
import type { Targets } from './clocks.ts';
import { createCaseImport, type CaseImport } from './importing.ts';
import { createCaseOpening, type Opened } from './opening.ts';
import { purgeReferences } from './references.ts';
import { decide, KIND, OWNER_ROLES, partiesOf, type HumanAction, type Party } from './rules.ts';
import {
  callbackOf,
  callsOf,
  canOwn,
  clocksOf,
  entriesOf,
  findCase,
  isSpecialty,
  listCases,
  lockCase,
  type CallbackOfCase,
  recordingsOf,
  type CallOfCase,
  type CaseFilter,
  type CaseReason,
  type CaseRow,
  type ClockRow,
  type EntryRow,
  type RecordingOfCase,
} from './store.ts';
import { createCaseWriter, type Step } from './writer.ts';

/** A case with its deadlines. */
export interface Case extends CaseRow {
  clocks: ClockRow[];
}

export interface CaseStory extends Case {
  history: EntryRow[];
  calls: CallOfCase[];
  /** null: nobody is called back. */
  callback: CallbackOfCase | null;
  recordings: RecordingOfCase[];
  texts: TextRow[];
}

export interface Act {
  action: HumanAction;
  note: string | null;
  /** Account id. */
  owner?: string | undefined;
  specialty?: string | undefined;
  /** Whom it is referred to, in words. */
  unit?: string | undefined;
  /** ISO date; null: none any more. */
  on?: string | null | undefined;
  citizenAt: Date | null;
}

export interface Who {
  accountId: string;
  /** `account:<id>` */
  actor: string;
  role: Role;
}

export type ActRefusal =
  | 'unknown'
  | 'stale'
  | 'not-now'
  | 'not-yours'
  | 'note-missing'
  | 'owner-unknown'
  | 'specialty-unknown'
  | 'citizen-at-invalid';

export interface Cases {
  find(id: string): Promise<CaseStory | null>;
  list(filter: CaseFilter): Promise<Case[]>;
  /** matches: told the present version, says whether it is the one the sender knows. */
  act(id: string, act: Act, who: Who, matches: (version: number) => boolean): Promise<CaseStory | ActRefusal>;
  /** Opens what calls have left to be done, and closes what another call has done. since: see CaseOpening. */
  openDue(since?: Date): Promise<Opened>;
  /** Escalates what must be heard of. @returns how many deadlines */
  escalateDue(): Promise<number>;
  /**
   * What came of calling the citizen back, in the caller's transaction. False where the case's state has no such arrow any more.
   * parties: who says it; action: `call-back` leaves the state as it is.
   */
  tell(db: ClientBase, id: string, told: Told): Promise<boolean>;
  /** Nobody else changes it until the transaction is over. @returns its version; null: there is none */
  lock(db: ClientBase, id: string): Promise<number | null>;
  /** Takes old messages over, told as a table: see CaseImport. */
  importMessages: CaseImport['run'];
  /** Reckons every deadline anew: hours may have changed since. */
  refreshAll(): Promise<void>;
  /** References told that came to nothing are free again. @returns how many */
  purgeReferences(): Promise<number>;
}

export interface Told {
  action: 'call-back' | 'close-reached' | 'withdraw';
  actor: string;
  parties: readonly Party[];
  data: Record<string, unknown>;
}

export interface CasesDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
  hours: Pick<Hours, 'workingSecondsBetween' | 'addWorkingSeconds'>;
  targets: Targets;
  areaCode: string;
  /** IANA name of the clinic's zone. */
  zone: string;
  sounds: ImportedSounds;
  /** Told in the transaction in which a citizen who has a case already asks to be called. number: where. */
  onAskedAgain: (db: ClientBase, caseId: string, number: string | null) => Promise<void>;
}

const AT_ONCE = 200;
/** What of all this citizens are told by text. */
const TOLD: Partial<Record<HumanAction, TemplateKey>> = { answer: 'case-answered', close: 'case-closed' };
const UNTOLD: ReadonlySet<CaseReason> = new Set(['imported', 'abandoned']);

export function createCases(deps: CasesDeps): Cases {
  const { pool, clock, log, hours, targets, areaCode, zone, sounds, onAskedAgain } = deps;
  const writer = createCaseWriter({ hours, clock, log, targets });
  const opening = createCaseOpening({ pool, clock, log, writer, areaCode, onAskedAgain });
  const importing = createCaseImport({ pool, clock, writer, areaCode, zone, sounds });

  async function find(id: string): Promise<CaseStory | null> {
    const row = await findCase(pool, id);
    if (row === null) return null;
    return {
      ...row,
      clocks: await clocksOf(pool, [id]),
      history: await entriesOf(pool, id),
      calls: await callsOf(pool, id),
      callback: await callbackOf(pool, id),
      recordings: await recordingsOf(pool, id),
      texts: await textsOfCase(pool, id),
    };
  }

  async function list(filter: CaseFilter): Promise<Case[]> {
    const rows = await listCases(pool, filter, new Date(clock.now()));
    const clocks = await clocksOf(
      pool,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => ({ ...row, clocks: clocks.filter(({ caseId }) => caseId === row.id) }));
  }

  async function act(
    id: string,
    wanted: Act,
    who: Who,
    matches: (version: number) => boolean,
  ): Promise<CaseStory | ActRefusal> {
    const refusal = await transaction(pool, async (db): Promise<ActRefusal | null> => {
      const row = await lockCase(db, id);
      if (row === null) return 'unknown';
      const verdict = decide(row, wanted.action, partiesOf(who, row.owner));
      if ('refused' in verdict && verdict.refused === 'not-yours') return 'not-yours';
      if (!matches(row.version)) return 'stale';
      if ('refused' in verdict) return verdict.refused;
      const { owner, specialty } = wanted;
      if (owner !== undefined && !(await canOwn(db, owner, [...OWNER_ROLES, 'admin'])))
        return 'owner-unknown';
      if (specialty !== undefined && !(await isSpecialty(db, specialty))) return 'specialty-unknown';
      if (lacksReason(row, wanted)) return 'note-missing';
      if (isOutOfTime(row, wanted.citizenAt, clock.now())) return 'citizen-at-invalid';
      await writer.enter(db, row, stepOf(row, wanted, who.actor, verdict.to));
      await tellCitizen(db, row, wanted.action);
      // Notes may speak of the citizen: they stay with the case.
      const detail = { from: row.state, to: verdict.to, ...(owner === undefined ? {} : { owner }) };
      const audited = { actor: who.actor, action: KIND[wanted.action], subject: `case:${id}`, detail };
      await recordAudit(db, audited);
      return null;
    });
    return refusal ?? (await find(id)) ?? 'unknown';
  }

  /**
   * Whose message came in from elsewhere has not heard of us yet, and may have forgotten it. Who gave up has asked for nothing,
   * and was never told the reference.
   */
  async function tellCitizen(db: ClientBase, row: CaseRow, action: HumanAction): Promise<void> {
    const template = TOLD[action];
    if (template === undefined || UNTOLD.has(row.reason)) return;
    const { id, number, reference } = row;
    const at = new Date(clock.now());
    await sendText(db, { template, number, parameters: { reference }, caseId: id, at });
  }

  /** False where the case is gone; cases are never deleted. */
  const refreshed = (id: string): Promise<number> =>
    transaction(pool, async (db) => {
      const row = await lockCase(db, id);
      return row === null ? 0 : writer.refresh(db, row);
    });

  async function tell(db: ClientBase, id: string, { action, actor, parties, data }: Told): Promise<boolean> {
    const row = await lockCase(db, id);
    const verdict = row === null ? null : decide(row, action, parties);
    if (row === null || verdict === null || !('to' in verdict)) return false;
    await writer.enter(db, row, { action, actor, to: verdict.to, citizenAt: null, data });
    return true;
  }

  async function escalateDue(): Promise<number> {
    const found = await query<{ id: string }>(pool, 'cases/alarming-cases', [new Date(clock.now())]);
    let escalated = 0;
    for (const { id } of found) escalated += await refreshed(id);
    return escalated;
  }

  async function refreshAll(): Promise<void> {
    let after: string | null = null;
    do {
      const page: { id: string }[] = await query<{ id: string }>(pool, 'cases/cases-not-over', [
        ...[after, AT_ONCE],
      ]);
      for (const { id } of page) await refreshed(id);
      after = page.length < AT_ONCE ? null : (page.at(-1)?.id ?? null);
    } while (after !== null);
  }

  return {
    find,
    list,
    act,
    tell,
    lock: async (db, id) => (await lockCase(db, id))?.version ?? null,
    openDue: (since) => opening.run(since ?? null),
    importMessages: (text, how) => importing.run(text, how),
    escalateDue,
    refreshAll,
    purgeReferences: () => purgeReferences(pool, clock.now()),
  };
}

/** Whoever closes a case without an answer says why. */
const lacksReason = (row: CaseRow, { action, note }: Act): boolean =>
  action === 'close' && row.state !== 'answered' && note === null;

/** A citizen's word lies between the case's beginning and now. */
const isOutOfTime = (row: CaseRow, citizenAt: Date | null, now: number): boolean =>
  citizenAt !== null && (citizenAt < row.openedAt || citizenAt.getTime() > now);

function stepOf(row: CaseRow, wanted: Act, actor: string, to: Step['to']): Step {
  const { action, note, owner, specialty, unit, on, citizenAt } = wanted;
  const told = { note: note ?? undefined, owner, specialty, unit, on };
  const data = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  const changes = {
    // A case sorted anew belongs to nobody until it is given to somebody.
    owner: owner ?? (action === 'triage' ? null : row.owner),
    specialty: specialty ?? row.specialty,
    followUpOn: on === undefined ? row.followUpOn : on,
  };
  return { action, actor, to, citizenAt, data, changes };
}
