import { describe, expect, it } from 'vitest';
import { begin, step } from '../../src/calls/machine.ts';
import { project } from '../../src/calls/projection.ts';
import type { CallEvent } from '../../src/calls/call.ts';
import type { LedgerEntry } from '../../src/calls/ledger.ts';
import { arrival, deeds, entries, NOW, open, settings, wordsOver } from '../support/call-fixtures.ts';

/** A citizen who chose transport, where so many may wait, and was given this place. */
function joinsAt(position: number, queueCap: number | null) {
  const capped = { ...settings, queueCap };
  let { call, effects } = begin(arrival, capped, NOW);
  const all = [...effects];
  const feed = (event: CallEvent) => {
    ({ call, effects } = step(call, event, capped, NOW));
    all.push(...effects);
  };
  feed(wordsOver(call));
  feed(open(null));
  feed({ type: 'citizen-digit', digit: '2' });
  feed(open('transport'));
  feed({ type: 'queue-joined', position });
  return { call, effects, all, feed };
}

describe('a queue with a cap', () => {
  it('is joined up to the cap', () => {
    expect(joinsAt(3, 3).call).toMatchObject({ state: 'position', joined: true });
    expect(joinsAt(400, null).call).toMatchObject({ state: 'position', joined: true });
  });

  it('turns nobody away with a busy tone: who comes beyond is offered a call back or a message', () => {
    const { call, effects, all } = joinsAt(4, 3);
    expect(call).toMatchObject({ state: 'leaving', joined: false });
    expect(deeds(effects)).toEqual(['leave-queue', 'to-fallback', 'timer']);
    expect(effects).toContainEqual({ do: 'to-fallback', wish: 'full' });
    expect(entries(all).at(-1)).toMatchObject({
      ...{ kind: 'queue.full', data: { specialty: 'transport', position: 4 } },
    });
  });

  it('owes a call back to whom it has turned away, though they hang up at once', () => {
    const { all, feed } = joinsAt(4, 3);
    feed({ type: 'citizen-gone', cause: 16 });
    const told = entries(all).map((entry) => ({
      ...{ ...entry, callId: arrival.id, at: new Date(NOW).toISOString() },
    })) as LedgerEntry[];
    expect(project(told)).toMatchObject({
      ...{ call: { ending: 'callback' }, promise: { reason: 'callback', number: '+989121234567' } },
    });
  });
});
