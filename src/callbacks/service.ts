import type { ClientBase, Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { readCaller } from '../calls/caller.ts';
import type { Cases } from '../cases/service.ts';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import { isListedAt } from '../nuisance/service.ts';
import { codeOf, messageOf } from '../platform/fault.ts';
import { isDataFault, transaction } from '../platform/sql.ts';
import type { GivenUp } from './farewell.ts';
import {
  afterTakenBack,
  mayBeDialled,
  REASONS,
  resultOf,
  whatFollows,
  type CallbackResult,
  type Policy,
} from './rules.ts';
import * as store from './store.ts';
import type { CaseToCall, EndedAttempt } from './store.ts';
import { atOpening } from './timing.ts';

/**
 * Callbacks as rows: which cases' citizens are to be called, and what an attempt that is over makes of that. PostgreSQL is
 * asked for what has not been done, so it does not matter who asks, how often, or how many at once. Dialling is the
 * business of the one process that has the exchange (dialler.ts).
 */
export interface Callbacks {
  /** Makes callbacks of new cases, settles attempts that are over, drops what is no longer needed. @returns the next due time */
  settle(): Promise<Date | null>;
}

export interface CallbacksDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
  hours: Pick<Hours, 'check'>;
  cases: Pick<Cases, 'tell'>;
  policy: Policy;
  /** '': nobody is dialled. */
  trunk: string;
  destinations: string;
  /** For numbers keyed in without one. */
  areaCode: string;
  /** For whoever has left a number without choosing. */
  defaultSpecialty: string;
  /** Those who gave up waiting; else they are left to people. */
  callsAbandoned: boolean;
  /** How long after the end of the call they are called, and those whom a fault of ours has cut off. */
  cutOffAfterSeconds: number;
  /** Told once of each citizen who could not be reached, in the transaction in which that is written down. */
  onGivenUp: (db: ClientBase, given: GivenUp) => Promise<void>;
}

const AT_ONCE = 100;
const DAY_MS = 86_400_000;
/** Promises older than that were given before there were callbacks, or before there was a trunk: people have seen to them. */
const OLDEST_MS = 7 * DAY_MS;
const SYSTEM = { actor: 'system', parties: ['system'] } as const;

export function createCallbacks(deps: CallbacksDeps): Callbacks {
  const { pool, clock, log, cases, policy } = deps;
  const dueAt = (specialty: string, atMs: number): Date => atOpening(deps.hours, specialty, atMs);

  async function promise(found: CaseToCall): Promise<void> {
    const { caseId, number, placeAt } = found;
    const specialty = found.specialty ?? deps.defaultSpecialty;
    const why: CallbackResult | null = found.reachedBy === null ? await whyNot(number, deps) : 'reached';
    // Many dial again by themselves, who have given up as well as who were cut off.
    const wait = found.reason === 'callback' ? 0 : deps.cutOffAfterSeconds * 1000;
    const wantedAt = new Date(Math.max(clock.now(), found.lastAt.getTime() + wait));
    const due = dueAt(specialty, wantedAt.getTime());
    const since = found.lastAt;
    const times = { placeAt, wantedAt, dueAt: due, since };
    const row = { id: uuidv7(), caseId, number, specialty, ...times, result: why };
    await transaction(pool, async (db) => {
      const added = await store.addCallback(db, { ...row, state: why === null ? 'pending' : 'cancelled' });
      if (!added) return;
      if (why === 'reached') return tellReached(db, found);
      const data = why === null ? { dueAt: due.toISOString() } : { result: why };
      await cases.tell(db, caseId, { ...SYSTEM, action: 'call-back', data });
      log.info({ caseId, ...data }, why === null ? 'callback.promised' : 'callback.left-to-staff');
    });
  }

  /** Nobody needs to be called who has talked in the very call; where more is to be done it is for people. */
  async function tellReached(db: ClientBase, { caseId, reachedBy, followUp, outcome }: CaseToCall) {
    const data = { callId: reachedBy, result: 'reached' };
    const closing = {
      ...SYSTEM,
      action: 'close-reached',
      data: { ...data, reason: 'reached-expert' },
    } as const;
    if (!followUp && (await cases.tell(db, caseId, closing))) return;
    await cases.tell(db, caseId, { ...SYSTEM, action: 'call-back', data: { ...data, outcome } });
  }

  /** Whoever is to be called again may have named another number for it. */
  async function whatCame({ ending, result: tried, attempts, keyed, ...found }: EndedAttempt) {
    const result = resultOf(ending, tried);
    const usual = whatFollows(result, attempts, policy, found.othersReached);
    const next = found.takenBack ? afterTakenBack(result, usual) : usual;
    if (found.takenBack && next.state === 'cancelled')
      return { result: 'taken-back' as const, next, number: null };
    const number = keyed === null ? null : readCaller(keyed, false, deps.areaCode).number;
    if (next.state !== 'pending' || number === null) return { result, next, number: null };
    const why = await whyNot(number, deps);
    return why === null
      ? { result, next, number }
      : { result: why, next: whatFollows(why, attempts, policy), number: null };
  }

  async function settleAttempt(found: EndedAttempt): Promise<void> {
    const { id, caseId, callId, specialty } = found;
    const { next, result, number } = await whatCame(found);
    const wantedAt = next.state === 'pending' ? new Date(clock.now() + next.afterSeconds * 1000) : null;
    const due = wantedAt === null ? null : dueAt(specialty, wantedAt.getTime());
    const told = { state: next.state, dueAt: due, attempts: next.attempts, result };
    const to = { ...told, number, wantedAt };
    const isOurs = await transaction(pool, async (db) => {
      if (!(await store.settle(db, id, callId, to))) return false;
      await tellCase(db, found, to);
      const { number, reference } = found;
      const given = { caseId, reference, callId, number, at: new Date(clock.now()) };
      if (to.state === 'given-up') await deps.onGivenUp(db, given);
      return true;
    });
    if (!isOurs) return;
    log.info({ caseId, callId, ...told }, 'callback.settled');
    if (to.state === 'given-up') log.warn({ caseId }, 'callback.given-up');
  }

  /** The case ends as the callback does; where more is to be done, or its state allows no end, it is told. */
  async function tellCase(db: ClientBase, found: EndedAttempt, to: store.Settled): Promise<void> {
    const { caseId, callId, followUp, outcome } = found;
    // What a fault of ours, the closing time or a recall has stopped is no news for the case.
    if (UNTOLD.has(to.result)) return;
    const data = { callId, result: to.result, attempts: to.attempts, dueAt: to.dueAt?.toISOString() ?? null };
    const isOver = to.state === 'done' ? !followUp : to.state === 'declined' || to.state === 'given-up';
    const action = to.state === 'declined' ? 'withdraw' : 'close-reached';
    const reason = to.state === 'done' ? 'called-back' : to.state;
    if (isOver && (await cases.tell(db, caseId, { ...SYSTEM, action, data: { ...data, reason } }))) return;
    await cases.tell(db, caseId, { ...SYSTEM, action: 'call-back', data: { ...data, outcome } });
  }

  async function drop({ id, caseId, reachedBy }: Awaited<ReturnType<typeof store.noLongerNeeded>>[number]) {
    await transaction(pool, async (db) => {
      if (!(await store.cancel(db, id, reachedBy === null ? 'case-over' : 'reached'))) return;
      if (reachedBy === null) return;
      const data = { reason: 'reached-expert', callId: reachedBy };
      await cases.tell(db, caseId, { ...SYSTEM, action: 'close-reached', data });
    });
  }

  /** One that PostgreSQL refuses for what it holds must not keep the others from being called. */
  async function each<T extends { caseId: string }>(found: Promise<T[]>, work: (one: T) => Promise<void>) {
    for (const one of await found)
      await work(one).catch((error: unknown) => {
        if (!isDataFault(error)) throw error;
        const { caseId } = one;
        log.error(
          { caseId, code: codeOf(error), detail: messageOf(error), alarm: true },
          'callback.unsettled',
        );
      });
  }

  return {
    async settle() {
      await store.linkCalls(pool);
      await each(store.endedAttempts(pool, AT_ONCE, new Date(clock.now())), settleAttempt);
      await each(store.noLongerNeeded(pool, AT_ONCE), drop);
      const calls = deps.trunk !== '' && deps.callsAbandoned;
      // Without a trunk only those are told of who were promised a call.
      const reasons = REASONS.filter((reason) => reason !== 'abandoned' || calls);
      const since = new Date(clock.now() - OLDEST_MS);
      await each(store.casesToCall(pool, reasons, since, AT_ONCE), promise);
      return store.nextDue(pool);
    },
  };
}

/** `taken-back` was told when staff did so. */
const UNTOLD: ReadonlySet<CallbackResult> = new Set([
  'recalled',
  'closed',
  'lost',
  'on-the-line',
  'taken-back',
]);

/** Whether the number is listed is asked again at the dial. */
async function whyNot(
  number: string,
  { trunk, destinations, pool, clock }: Pick<CallbacksDeps, 'trunk' | 'destinations' | 'pool' | 'clock'>,
): Promise<'no-trunk' | 'destination-refused' | 'listed' | null> {
  if (trunk === '') return 'no-trunk';
  if (!mayBeDialled(number, destinations)) return 'destination-refused';
  return (await isListedAt(pool, number, clock.now())) ? 'listed' : null;
}
