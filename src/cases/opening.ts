import type { ClientBase, Pool } from 'pg';
import { readCaller } from '../calls/caller.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { codeOf, messageOf } from '../platform/fault.ts';
import { isDataFault, query, queryOne, transaction } from '../platform/sql.ts';
import { sendText } from '../sms/service.ts';
import { toldIn } from './references.ts';
import { decide, UNANSWERED, type Action } from './rules.ts';
import { addCall, caseOfCall, lockCase, lockCitizen, type CaseReason, type CaseRow } from './store.ts';
import type { CaseWriter } from './writer.ts';

/**
 * Opens a case for every call that left something to be done: promises, calls abandoned in the menu or the queue, talks that
 * need a follow-up. PostgreSQL is asked for what has none, so it does not matter who asks, how often, or how many at once.
 */
export interface CaseOpening {
  /** since: of calls that began from then on; null: of all. @returns what came of the calls that were due */
  run(since: Date | null): Promise<Opened>;
}

export interface Opened {
  opened: number;
  joined: number;
  waived: number;
  closed: number;
}

export interface OpeningDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
  writer: CaseWriter;
  /** For numbers keyed in without one. */
  areaCode: string;
  /** Told in the transaction in which who has a case already asks to be called. number: where. */
  onAskedAgain: (db: ClientBase, caseId: string, number: string | null) => Promise<void>;
}

/** A redial within it is the same concern; an expert reached within it after giving up has heard of it. */
const HOUR_SECONDS = 3600;
const AT_ONCE = 200;
/** Of a call that is found later than this, the citizen expects no text any more. */
const TOLD_WITHIN_MS = 24 * 3_600_000;

interface DueCall {
  callId: string;
  reason: CaseReason;
  /** As keyed in, or the caller's. */
  number: string | null;
  caller: string | null;
  specialty: string | null;
  /** The call's end; of a follow-up when it was said. */
  at: Date;
  /** Whether the citizen came far enough to be owed anything. */
  counts: boolean;
}

type Came = keyof Opened | 'known';

export function createCaseOpening(deps: OpeningDeps): CaseOpening {
  const { pool, clock, log, writer, areaCode } = deps;

  async function run(since: Date | null): Promise<Opened> {
    const done: Opened = { opened: 0, joined: 0, waived: 0, closed: 0 };
    let after = idFrom(since);
    for (;;) {
      const due: DueCall[] = await query<DueCall & Record<string, unknown>>(pool, 'cases/due-calls', [
        ...[after, AT_ONCE],
      ]);
      for (const call of due) {
        const came = await transaction(pool, (db) => settleAndTell(db, call)).catch((error: unknown) =>
          passOver(call, error),
        );
        if (came !== 'known') done[came] += 1;
      }
      after = due.at(-1)?.callId ?? after;
      if (due.length < AT_ONCE) break;
    }
    done.closed += await closeReached();
    if (Object.values(done).some((count) => count > 0)) log.info({ ...done }, 'cases.settled');
    return done;
  }

  /** One that PostgreSQL refuses for what it holds must not keep the others from their cases. */
  function passOver({ callId }: DueCall, error: unknown): 'known' {
    if (!isDataFault(error)) throw error;
    log.error({ callId, code: codeOf(error), detail: messageOf(error), alarm: true }, 'case.unopened');
    return 'known';
  }

  /** Whom something was promised hears under which number we know of it. */
  async function settleAndTell(db: ClientBase, due: DueCall): Promise<Came> {
    const came = await settle(db, due);
    if (due.reason === 'abandoned' || (came !== 'opened' && came !== 'joined')) return came;
    if (clock.now() - due.at.getTime() > TOLD_WITHIN_MS) return came;
    const caseId = await caseOfCall(db, due.callId);
    const row = caseId === null ? null : await lockCase(db, caseId);
    if (row === null) return came;
    const { id, number } = row;
    const reference = (await toldIn(db, due.callId)) ?? row.reference;
    const about = { template: 'case-opened', number, parameters: { reference }, caseId: id } as const;
    // What an expert says of an earlier call is no answer to it: nobody sits up for that.
    const answersAt = due.reason === 'follow-up' ? null : due.at;
    await sendText(db, { ...about, callId: due.callId, at: new Date(clock.now()), answersAt });
    return came;
  }

  async function settle(db: ClientBase, due: DueCall): Promise<Came> {
    const { number, keyed } = readable(due, areaCode);
    await lockCitizen(db, number ?? due.callId);
    const known = await caseOfCall(db, due.callId);
    if (known !== null) return due.reason === 'abandoned' ? 'known' : sayMore(db, known, due, number);
    if (due.reason === 'abandoned') {
      const waiver = await whyNone(db, due, number);
      if (waiver !== null) {
        await query(db, 'cases/add-waiver', [due.callId, waiver]);
        return 'waived';
      }
    }
    if (number !== null && (await join(db, due, number))) return 'joined';
    const { reason, specialty, at: openedAt, callId } = due;
    const data = { reason, callId, ...(keyed === null ? {} : { keyed }) };
    const row = await writer.open(db, { callId, reason, number, specialty, openedAt, actor: 'system', data });
    await addCall(db, callId, row.id);
    return 'opened';
  }

  /**
   * The call's case speaks of an abandoned call only, or of nobody to call: the promise tells more. Or it was closed before the
   * expert said that there is more to do.
   */
  async function sayMore(db: ClientBase, id: string, due: DueCall, number: string | null): Promise<Came> {
    const row = await lockCase(db, id);
    if (row === null) return 'known';
    const tells = row.reason === 'abandoned' || (row.number === null && number !== null);
    const isOwedStill = due.reason === 'follow-up' && row.state === 'closed';
    if (!tells && !isOwedStill) return 'known';
    // Closed because an expert was reached: a message left before is still to be heard.
    const actions: Action[] = ['join-call', 'request-reopen'];
    return (await enterAsSystem(db, row, actions, due, number)) ? 'joined' : 'known';
  }

  async function join(db: ClientBase, due: DueCall, number: string): Promise<boolean> {
    const isPromise = due.reason !== 'abandoned';
    const found = await queryOne<{ id: string }>(db, 'cases/joinable-case', [
      ...[number, due.at, HOUR_SECONDS, UNANSWERED, isPromise],
    ]);
    const row = found === null ? null : await lockCase(db, found.id);
    if (row === null || !(await enterAsSystem(db, row, ['join-call'], due, number))) return false;
    await addCall(db, due.callId, row.id);
    return true;
  }

  async function enterAsSystem(
    db: ClientBase,
    row: CaseRow,
    actions: readonly Action[],
    { reason, callId, at }: DueCall,
    number: string | null,
  ): Promise<boolean> {
    for (const action of actions) {
      const verdict = decide(row, action, ['system']);
      if (!('to' in verdict)) continue;
      // What was promised outweighs that somebody gave up waiting, and the number left for it the one they called from.
      const changes = {
        reason: row.reason === 'abandoned' ? reason : row.reason,
        number: number ?? row.number,
      };
      const step = { action, actor: 'system', to: verdict.to, citizenAt: at, data: { callId, reason } };
      await writer.enter(db, row, { ...step, changes });
      if (reason === 'callback') await deps.onAskedAgain(db, row.id, number);
      return true;
    }
    return false;
  }

  async function closeReached(): Promise<number> {
    const found = await query<{ id: string; callId: string }>(pool, 'cases/reached-cases', [
      ...[HOUR_SECONDS, UNANSWERED],
    ]);
    let closed = 0;
    for (const { id, callId } of found) {
      closed += await transaction(pool, async (db) => {
        const row = await lockCase(db, id);
        const verdict = row === null ? null : decide(row, 'close-reached', ['system']);
        if (row?.reason !== 'abandoned' || verdict === null || !('to' in verdict)) return 0;
        const data = { reason: 'reached-expert', callId };
        const step = { action: 'close-reached', actor: 'system', to: verdict.to, citizenAt: null } as const;
        await writer.enter(db, row, { ...step, data });
        return 1;
      });
    }
    return closed;
  }

  return { run };
}

/** An id below all that are made from an instant on: those of version 7 begin with the time. */
function idFrom(since: Date | null): string {
  const hex = Math.max(0, since?.getTime() ?? 0)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Why an abandoned call is no case; null: it is one. */
async function whyNone(
  db: ClientBase,
  { callId, counts }: DueCall,
  number: string | null,
): Promise<'withheld' | 'before-menu' | 'reached' | 'listed' | null> {
  if (!counts) return 'before-menu';
  // Offered to leave a message instead of an expert, and has left none.
  if ((await queryOne(db, 'cases/listed-caller', [callId])) !== null) return 'listed';
  if (number === null) return 'withheld';
  const reached = await queryOne(db, 'cases/call-that-reached', [number, callId, HOUR_SECONDS]);
  return reached === null ? null : 'reached';
}

/** keyed: what was keyed in, where no telephone can be reached by it. */
function readable({ number, caller }: DueCall, areaCode: string) {
  const read = number === null ? null : readCaller(number, false, areaCode).number;
  return { number: read ?? caller, keyed: read === null && number !== caller ? number : null };
}
