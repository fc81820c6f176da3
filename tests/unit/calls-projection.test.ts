import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ending, LedgerFact } from '../../src/calls/ledger.ts';
import { project } from '../../src/calls/projection.ts';
import { answeredCall, entered, entriesOf, offered, queued, second } from '../support/ledger-entries.ts';
import { callHistory } from '../support/call-history.ts';

const ID = '01980000-0000-7000-8000-000000000001';
const after = (...facts: LedgerFact[]) => project(entriesOf(ID, [entered(ID), ...facts]))?.call;
const ended = (ending: Ending, state = 'waiting'): LedgerFact => ({
  kind: 'call.ended',
  data: { ending, endedAt: second(30), state, cause: 16, note: null },
});
const answered: LedgerFact = {
  kind: 'call.answered',
  data: { offerId: 'o1', expertId: 'e001', answeredAt: second(5) },
};
const talked = (by: 'citizen' | 'expert' | 'fault'): LedgerFact => ({
  kind: 'segment.ended',
  data: { expertId: 'e001', startedAt: second(5), endedAt: second(30), by },
});
const wrappedUp: LedgerFact = { kind: 'wrap-up.ended', data: { expertId: 'e001', endedAt: second(60) } };

describe('where a call is', () => {
  test.each([
    ['greeting', []],
    [
      'menu',
      [{ kind: 'hours.checked', data: { specialty: null, open: true, reason: 'weekly', opensAt: null } }],
    ],
    ['menu', [{ kind: 'menu.missed', data: { digit: null, attempt: 1 } }]],
    ['menu', [{ kind: 'menu.chosen', data: { specialty: 'finance', by: 'digit' } }]],
    ['queued', [queued()]],
    ['ringing', [queued(), offered('o1')]],
    [
      'queued',
      [
        queued(),
        offered('o1'),
        { kind: 'offer.ended', data: { offerId: 'o1', result: 'busy', endedAt: second(4) } },
      ],
    ],
    ['talking', [queued(), offered('o1'), answered]],
    ['wrap-up', [queued(), offered('o1'), answered, talked('citizen')]],
    ['wrap-up', [queued(), offered('o1'), answered, talked('citizen'), ended('answered')]],
    ['ended', [queued(), offered('o1'), answered, talked('citizen'), ended('answered'), wrappedUp]],
    ['ended', [queued(), offered('o1'), answered, talked('expert'), wrappedUp, ended('answered')]],
    ['queued', [queued(), offered('o1'), answered, talked('fault')]],
    ['ended', [queued(), offered('o1'), answered, talked('fault'), queued(), ended('abandoned')]],
    ['ended', [queued(), ended('abandoned')]],
    [
      'ended',
      [
        queued(),
        offered('o1'),
        ended('abandoned'),
        { kind: 'offer.ended', data: { offerId: 'o1', result: 'cancelled', endedAt: second(31) } },
      ],
    ],
  ] satisfies [string, LedgerFact[]][])('%s (%#)', (state, facts) => {
    expect(after(...facts)?.state).toBe(state);
  });

  test('the first end counts', () => {
    expect(after(ended('abandoned'), ended('answered'))?.ending).toBe('abandoned');
  });
});

describe('what is known of a call', () => {
  test('nothing without the entry that began it', () => {
    expect(project(entriesOf(ID, [queued()]))).toBeNull();
    expect(project([])).toBeNull();
  });

  test('the place in the queue is kept when the expert is lost: the first queuedAt stands', () => {
    const later: LedgerFact = {
      kind: 'call.queued',
      data: { specialty: 'transport', queuedAt: second(20), score: 1, position: 1 },
    };
    expect(after(queued(), later)?.queued_at).toBe(second(2));
  });

  test('a caller without a number always has a reason', () => {
    const facts = [entered(ID, { caller: null, callerReason: null, callerReceived: '<>' })];
    expect(project(entriesOf(ID, facts))?.call).toMatchObject({ caller: null, caller_reason: 'invalid' });
  });

  test("without the exchange's name a channel cannot be recognised again", () => {
    const facts = [entered(ID, { asteriskId: '' })];
    expect(project(entriesOf(ID, facts))?.call).toMatchObject({ asterisk_id: null, channel_id: null });
  });

  test('two experts, two segments, each its own', () => {
    const second_: LedgerFact = {
      kind: 'call.answered',
      data: { offerId: 'o2', expertId: 'e002', answeredAt: second(40) },
    };
    const rows = project(
      entriesOf(ID, [
        entered(ID),
        queued(),
        offered('o1'),
        answered,
        talked('fault'),
        offered('o2', 'e002', 2),
        second_,
      ]),
    );
    expect(rows?.segments).toMatchObject([
      { position: 1, expert_id: 'e001', offer_id: 'o1', ended_by: 'fault' },
      { position: 2, expert_id: 'e002', offer_id: 'o2', ended_at: null, ended_by: null },
    ]);
    expect(rows?.call).toMatchObject({ expert_id: 'e002', answered_at: second(5) });
  });

  test('a talk whose beginning was lost is counted all the same', () => {
    expect(project(entriesOf(ID, [entered(ID), talked('citizen')]))?.segments).toMatchObject([
      { offer_id: null, expert_id: 'e001', started_at: second(5), ended_at: second(30) },
    ]);
  });

  test('an answer without the end of its offer answers the offer', () => {
    const rows = project(entriesOf(ID, [entered(ID), offered('o1'), answered]));
    expect(rows?.offers).toMatchObject([{ result: 'answered', ended_at: second(5) }]);
  });
});

describe('a mark', () => {
  const mark = (expertId: string): LedgerFact => ({ kind: 'survey.answered', data: { score: 4, expertId } });

  test("is the call's, and that of its expert's last talk", () => {
    const other: LedgerFact = {
      kind: 'call.answered',
      data: { offerId: 'o2', expertId: 'e002', answeredAt: second(40) },
    };
    const facts = [entered(ID), queued(), offered('o1'), answered, talked('fault'), other, mark('e002')];
    const rows = project(entriesOf(ID, [...facts, ended('answered')]));
    expect(rows?.call).toMatchObject({ survey_score: 4, ending: 'answered', expert_id: 'e002' });
    expect(rows?.segments).toMatchObject([
      { expert_id: 'e001', survey_score: null },
      { expert_id: 'e002', survey_score: 4 },
    ]);
  });

  test('changes nothing else, and is none where nobody has answered', () => {
    const facts = [queued(), offered('o1'), answered, talked('expert'), wrappedUp];
    const without = after(...facts, ended('answered'));
    expect(without?.survey_score).toBeNull();
    expect(after(...facts, mark('e001'), ended('answered'))).toEqual({ ...without, survey_score: 4 });
  });
});

describe('a promise', () => {
  const promise = (...facts: LedgerFact[]) => project(entriesOf(ID, [entered(ID), ...facts]))?.promise;

  test('is what a call leaves that was lost by a fault, or that left a number or a message', () => {
    for (const reason of ['failed', 'callback', 'voicemail'] as const)
      expect(promise(queued(), ended(reason))).toEqual({
        ...{ call_id: ID, reason, number: '+989121234567', specialty: 'transport', made_at: second(30) },
      });
    for (const ending of ['answered', 'abandoned', 'closed'] as const)
      expect(promise(queued(), ended(ending))).toBeNull();
    expect(promise(queued())).toBeNull();
  });

  test('is a message or a number that was left, however the call ended', () => {
    const keyed: LedgerFact = { kind: 'number.kept', data: { number: '02188776655' } };
    const kept = { recording: '2026-11-28/1.wav', seconds: 4, bytes: 64_000, sha256: 'a'.repeat(64) };
    for (const ending of ['answered', 'closed'] as const) {
      expect(promise(ended(ending), keyed)).toMatchObject({ reason: 'callback', number: '02188776655' });
      const spoken = promise(ended(ending), keyed, { kind: 'message.kept', data: kept });
      expect(spoken).toMatchObject({ reason: 'voicemail' });
    }
  });

  test('is a call back that was asked for in the queue, wherever there is a number to call', () => {
    const left: LedgerFact = { kind: 'wish.made', data: { wish: 'callback' } };
    expect(promise(queued(), left, ended('abandoned'))).toMatchObject({
      ...{ reason: 'callback', number: '+989121234567' },
    });
    const rows = project(entriesOf(ID, [entered(ID), queued(), left, ended('abandoned')]));
    expect(rows?.call.ending).toBe('callback');
    const withheld = entered(ID, { caller: null, callerReason: 'withheld', callerReceived: '' });
    expect(project(entriesOf(ID, [withheld, left, ended('abandoned')]))?.promise).toBeNull();
    const message: LedgerFact = { kind: 'wish.made', data: { wish: 'message' } };
    expect(promise(queued(), message, ended('abandoned'))).toBeNull();
  });

  test('is to the number that was keyed in; a withheld one leaves none', () => {
    const kept: LedgerFact = { kind: 'number.kept', data: { number: '02188776655' } };
    expect(promise(kept, ended('callback'))).toMatchObject({ number: '02188776655' });
    const withheld = entered(ID, { caller: null, callerReason: 'withheld', callerReceived: '' });
    expect(project(entriesOf(ID, [withheld, ended('failed')]))?.promise).toMatchObject({ number: null });
  });
});

describe('an end', () => {
  test('of who gave up waiting but has left a message or a number is not to be abandoned', () => {
    const number: LedgerFact = { kind: 'number.kept', data: { number: '02188776655' } };
    const message: LedgerFact = {
      kind: 'message.kept',
      data: { recording: '2026-11-23/x.wav', seconds: 4, bytes: 64_000, sha256: 'a'.repeat(64) },
    };
    expect(after(queued(), ended('abandoned'))?.ending).toBe('abandoned');
    expect(after(queued(), ended('abandoned'), number)?.ending).toBe('callback');
    expect(after(queued(), ended('abandoned'), number, message)?.ending).toBe('voicemail');
    expect(after(queued(), ended('answered'), number)?.ending).toBe('answered');
  });
});

describe('properties', () => {
  test('the order of arrival does not matter', () => {
    fc.assert(
      fc.property(callHistory(ID), fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (entries, keys) => {
        const shuffled = entries
          .map((entry, index) => ({ entry, key: keys[index] ?? 0 }))
          .sort((a, b) => a.key - b.key);
        expect(project(shuffled.map(({ entry }) => entry))).toEqual(project(entries));
      }),
    );
  });

  test('a call with an ending has its time, one without has none, and segments and offers never shrink', () => {
    fc.assert(
      fc.property(callHistory(ID), (entries) => {
        let offers = 0;
        let segments = 0;
        for (let count = 1; count <= entries.length; count++) {
          const rows = project(entries.slice(0, count));
          expect((rows?.call.ending ?? null) === null).toBe((rows?.call.ended_at ?? null) === null);
          expect(rows?.offers.length).toBeGreaterThanOrEqual(offers);
          expect(rows?.segments.length).toBeGreaterThanOrEqual(segments);
          offers = rows?.offers.length ?? 0;
          segments = rows?.segments.length ?? 0;
        }
      }),
    );
  });

  test('the whole call of the examples', () => {
    expect(project(answeredCall(ID))?.call).toMatchObject({
      state: 'ended',
      ending: 'answered',
      expert_id: 'e002',
      specialty: 'transport',
    });
  });
});
