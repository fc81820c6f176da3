import fc from 'fast-check';
import type { LedgerEntry, LedgerFact } from '../../src/calls/ledger.ts';
import { entered, entriesOf, offered, queued, second } from './ledger-entries.ts';

const expertId = fc.constantFrom('e001', 'e002', 'e003');
const outcomeCode = fc.constantFrom('resolved', 'referred', 'other');
type Try = {
  result: 'no-answer' | 'busy' | 'declined' | 'unreachable' | 'answered';
  expertId: string;
  lost: boolean;
};

const oneTry: fc.Arbitrary<Try> = fc.record({
  result: fc.constantFrom('no-answer', 'busy', 'declined', 'unreachable', 'answered'),
  expertId,
  lost: fc.boolean(),
});

const plan = fc.record({
  withheld: fc.boolean(),
  misses: fc.array(fc.option(fc.constantFrom('7', '9', '#'), { nil: null }), { maxLength: 3 }),
  joins: fc.boolean(),
  tries: fc.array(oneTry, { maxLength: 6 }),
  outcome: fc.option(outcomeCode, { nil: null }),
  citizenFirst: fc.boolean(),
  score: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
  /** How many of the facts have happened so far: a history may still go on. */
  share: fc.integer({ min: 1, max: 100 }),
});

/** Histories a call can really have, finished or not. */
export function callHistory(callId: string): fc.Arbitrary<LedgerEntry[]> {
  return plan.map((made) => {
    const facts: LedgerFact[] = [
      entered(callId, made.withheld ? { caller: null, callerReason: 'withheld', callerReceived: '' } : {}),
    ];
    facts.push({
      kind: 'hours.checked',
      data: { specialty: null, open: true, reason: 'weekly', opensAt: null },
    });
    made.misses.forEach((digit, index) =>
      facts.push({ kind: 'menu.missed', data: { digit, attempt: index + 1 } }),
    );
    if (made.joins) waitAndTalk(callId, made, facts);
    else facts.push(end('abandoned'));
    return entriesOf(callId, facts).slice(0, Math.max(1, Math.round((facts.length * made.share) / 100)));
  });
}

function waitAndTalk(
  callId: string,
  made: { tries: Try[]; outcome: string | null; citizenFirst: boolean; score: number | null },
  facts: LedgerFact[],
): void {
  facts.push({ kind: 'menu.chosen', data: { specialty: 'transport', by: 'digit' } }, queued());
  for (const [index, { result, expertId: id, lost }] of made.tries.entries()) {
    const offerId = `${callId}-${index + 1}`;
    const at = second(10 + index * 20);
    facts.push(offered(offerId, id, index + 1));
    if (result !== 'answered') {
      facts.push({ kind: 'offer.ended', data: { offerId, result, endedAt: at } });
      continue;
    }
    facts.push({ kind: 'call.answered', data: { offerId, expertId: id, answeredAt: at } });
    const by = lost ? 'fault' : made.citizenFirst ? 'citizen' : 'expert';
    facts.push({
      kind: 'segment.ended',
      data: { expertId: id, startedAt: at, endedAt: second(25 + index * 20), by },
    });
    if (lost) {
      facts.push(queued());
      continue;
    }
    const wrapUp: LedgerFact = { kind: 'wrap-up.ended', data: { expertId: id, endedAt: second(900) } };
    if (made.outcome !== null) {
      facts.push({
        kind: 'outcome.set',
        data: { code: made.outcome, note: null, followUp: false, setAt: second(800) },
      });
    }
    if (made.score !== null && !made.citizenFirst)
      facts.push({ kind: 'survey.answered', data: { score: made.score, expertId: id } });
    facts.push(...(made.citizenFirst ? [end('answered'), wrapUp] : [wrapUp, end('answered')]));
    return;
  }
  facts.push(end('abandoned'));
}

function end(ending: 'answered' | 'abandoned'): LedgerFact {
  return {
    kind: 'call.ended',
    data: { ending, endedAt: second(700), state: 'waiting', cause: 16, note: null },
  };
}
