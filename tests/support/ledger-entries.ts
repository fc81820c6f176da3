import { v7 as uuidv7 } from 'uuid';
import type { LedgerEntry, LedgerFact } from '../../src/calls/ledger.ts';

const START = Date.parse('2026-03-21T08:00:00Z');

/** ISO time of the n-th second of a test call. */
export function second(n: number): string {
  return new Date(START + n * 1000).toISOString();
}

/** Facts numbered from 1, a second apart. */
export function entriesOf(callId: string, facts: readonly LedgerFact[], actor = 'system'): LedgerEntry[] {
  return facts.map((fact, index) => ({ ...fact, callId, seq: index + 1, at: second(index), actor }));
}

export function newCallId(): string {
  return uuidv7();
}

type Entered = Extract<LedgerFact, { kind: 'call.entered' }>['data'];

export function entered(callId: string, data: Partial<Entered> = {}): LedgerFact {
  return {
    kind: 'call.entered',
    data: {
      direction: 'inbound',
      asteriskId: 'clinic-test',
      channelId: `channel-${callId}`,
      sipCallId: 'abc@127.0.0.1',
      entry: 'menu',
      callerReceived: '09121234567',
      caller: '+989121234567',
      callerReason: null,
      enteredAt: second(0),
      ...data,
    },
  };
}

export function queued(specialty = 'transport'): LedgerFact {
  return { kind: 'call.queued', data: { specialty, queuedAt: second(2), score: 1, position: 1 } };
}

export function offered(offerId: string, expertId = 'e001', attempt = 1): LedgerFact {
  return {
    kind: 'offer.made',
    data: { offerId, expertId, attempt, madeAt: second(3), why: { rule: 'test' } },
  };
}

/** A whole call: entered, chosen, queued, offered twice, answered by the second expert, talked, wrapped up. */
export function answeredCall(callId: string): LedgerEntry[] {
  return entriesOf(callId, [
    entered(callId),
    { kind: 'hours.checked', data: { specialty: null, open: true, reason: 'weekly', opensAt: null } },
    { kind: 'menu.missed', data: { digit: '7', attempt: 1 } },
    { kind: 'menu.chosen', data: { specialty: 'transport', by: 'digit' } },
    queued(),
    offered(`${callId}-1`, 'e001', 1),
    { kind: 'offer.ended', data: { offerId: `${callId}-1`, result: 'no-answer', endedAt: second(6) } },
    offered(`${callId}-2`, 'e002', 2),
    { kind: 'call.answered', data: { offerId: `${callId}-2`, expertId: 'e002', answeredAt: second(12) } },
    {
      kind: 'segment.ended',
      data: { expertId: 'e002', startedAt: second(12), endedAt: second(42), by: 'citizen' },
    },
    {
      kind: 'call.ended',
      data: { ending: 'answered', endedAt: second(42), state: 'talking', cause: 16, note: null },
    },
    { kind: 'outcome.set', data: { code: 'resolved', note: null, followUp: false, setAt: second(44) } },
    { kind: 'wrap-up.ended', data: { expertId: 'e002', endedAt: second(60) } },
  ]);
}
