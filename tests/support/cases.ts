import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Ending, LedgerEntry, LedgerFact } from '../../src/calls/ledger.ts';
import { askedAgain } from '../../src/callbacks/scheduling.ts';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import { createCases, type Cases } from '../../src/cases/service.ts';
import type { Targets } from '../../src/cases/clocks.ts';
import type { Clock } from '../../src/clock.ts';
import { createHours, type Hours } from '../../src/hours/service.ts';
import type { Log } from '../../src/log.ts';
import { createRecordings } from '../../src/recordings/service.ts';
import { silentLog } from './silent-log.ts';
import { testVault } from './vault.ts';

/** Calls as the ledger tells them, and the room of cases over the same database. */

const HOUR = 3600;
export const TARGETS: Targets = {
  seconds: { acknowledge: HOUR, answer: 8 * HOUR, resolve: 40 * HOUR },
  alarmShare: 0.8,
};
/** Numbers that begin with 909 may not be. */
export const DIALLED = { trunk: 'out', destinations: '+98,!+98909', defaultSpecialty: 'urban-services' };
/** Saturday 5 December 2026, 10:00 in Tehran, an ordinary working day. */
export const TEN = Date.parse('2026-12-05T10:00:00+03:30');
export const minute = (n: number): string => new Date(TEN + n * 60_000).toISOString();

export interface ToldCall {
  /** Minutes after ten. */
  at: number;
  ending: Ending;
  caller?: string | null;
  specialty?: string | null;
  /** Where the citizen was when it ended. */
  state?: string;
  keyed?: string;
  message?: boolean;
  outcome?: { code: string; followUp: boolean };
  id?: string;
}

/** Every entry of a call that began a minute before it ended. */
export function entriesOfCall(told: ToldCall): LedgerEntry[] {
  const { at, ending, caller = '+989121234567', specialty = 'transport', state = 'waiting' } = told;
  const callId = told.id ?? uuidv7();
  const facts: LedgerFact[] = [
    {
      kind: 'call.entered',
      data: {
        ...{ direction: 'inbound', asteriskId: 'test', channelId: `channel-${callId}`, sipCallId: null },
        ...{ entry: 'menu', callerReceived: caller ?? '', caller },
        ...{ callerReason: caller === null ? 'withheld' : null, enteredAt: minute(at - 1) },
      },
    },
  ];
  if (specialty !== null && state !== 'greeting')
    facts.push(
      { kind: 'menu.chosen', data: { specialty, by: 'digit' } },
      { kind: 'call.queued', data: { specialty, queuedAt: minute(at - 1), score: 1, position: 1 } },
    );
  if (ending === 'answered')
    facts.push({
      kind: 'call.answered',
      data: { offerId: `${callId}-1`, expertId: 'e001', answeredAt: minute(at - 0.5) },
    });
  if (told.keyed !== undefined) facts.push({ kind: 'number.kept', data: { number: told.keyed } });
  if (told.message === true) facts.push(message(callId));
  if (told.outcome !== undefined)
    facts.push({ kind: 'outcome.set', data: { ...told.outcome, note: null, setAt: minute(at) } });
  facts.push({ kind: 'call.ended', data: { ending, endedAt: minute(at), state, cause: 16, note: null } });
  return facts.map((fact, index) => ({ ...fact, callId, seq: index + 1, at: minute(at), actor: 'system' }));
}

const message = (callId: string): LedgerFact => ({
  kind: 'message.kept',
  data: { recording: `2026-12-05/${callId}.wav`, seconds: 5, bytes: 80_000, sha256: 'a'.repeat(64) },
});

/** Writes the call as the ledger does. @returns its id */
export async function tell(pool: Pool, told: ToldCall): Promise<string> {
  const entries = entriesOfCall(told);
  await createLedgerWriter(pool, silentLog).write(entries);
  return entries[0]!.callId;
}

/** A message that arrives after everything else of its call. */
export async function tellMessage(pool: Pool, callId: string, at: number): Promise<void> {
  const entry = { ...message(callId), callId, seq: 90, at: minute(at), actor: 'system' };
  await createLedgerWriter(pool, silentLog).write([entry]);
}

export interface TestCases {
  cases: Cases;
  hours: Hours;
  clock: Clock;
  /** Sets the time, minutes after ten. */
  setTime(minutes: number): void;
}

export async function casesOn(
  pool: Pool,
  log: Log = silentLog,
  recordingsDir = '/nowhere',
): Promise<TestCases> {
  let now = TEN;
  const clock = { now: () => now, monotonic: () => now };
  const hours = await createHours({ pool, clock, log, zone: 'Asia/Tehran' });
  const cases = createCases({
    pool,
    clock,
    log,
    hours,
    targets: TARGETS,
    areaCode: '21',
    zone: 'Asia/Tehran',
    sounds: createRecordings({ pool, vault: testVault(recordingsDir), log }).imports,
    onAskedAgain: askedAgain({ clock, hours, ...DIALLED }),
  });
  return { cases, hours, clock, setTime: (minutes) => void (now = TEN + minutes * 60_000) };
}
