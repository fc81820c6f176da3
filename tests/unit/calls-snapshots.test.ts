import { describe, expect, it } from 'vitest';
import { FORMAT, readSnapshot } from '../../src/calls/snapshots.ts';
import { inMenu, isTalking } from '../support/call-fixtures.ts';

const { call, effects } = isTalking();
const written = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({ format: FORMAT, call, effects, ...over });

describe('a snapshot', () => {
  it('is read as it was written', () => {
    expect(readSnapshot(call.id, written())).toEqual({ call, effects });
  });

  it('of the first version, which wrote no number, is read', () => {
    expect(readSnapshot(call.id, written({ format: undefined }))).toEqual({ call, effects });
  });

  it('of format 1, which knew neither windows nor vanished telephones, is read', () => {
    const before = { ...call, window: undefined, listening: undefined, survey: undefined };
    expect(readSnapshot(call.id, written({ format: 1, call: before }))).toEqual({ call, effects });
  });

  it('of format 2, which knew no survey, is read', () => {
    const before = { ...call, survey: undefined };
    expect(readSnapshot(call.id, written({ format: 2, call: before }))).toEqual({ call, effects });
  });

  it('of format 3, which knew no callbacks, is read', () => {
    const before = { ...call, score: undefined, callback: undefined };
    expect(readSnapshot(call.id, written({ format: 3, call: before }))).toEqual({ call, effects });
  });

  it.each([[FORMAT + 1], [0], ['1'], [null]])('of format %s is refused', (format) => {
    expect(readSnapshot(call.id, written({ format }))).toEqual({ format });
  });

  it.each([
    ['not JSON', '{'],
    ['no object', '7'],
    ['without a call', written({ call: undefined })],
    ['without effects', written({ effects: null })],
    ['of a state nobody knows', written({ call: { ...call, state: 'dreaming' } })],
    ['without a number for its entries', written({ call: { ...call, seq: undefined } })],
    ['of another call', written({ call: { ...call, id: 'another' } })],
  ])('%s is refused', (_what, text) => {
    expect(readSnapshot(call.id, text)).toEqual({ format: 'unreadable' });
  });

  it('has the fields that stand for its format: who changes them counts FORMAT up', () => {
    expect({ format: FORMAT, fields: Object.keys(inMenu().call).sort() }).toEqual({
      format: 4,
      fields: [
        ...[
          'attempts',
          'callback',
          'caller',
          'channelId',
          'citizenGone',
          'closed',
          'digit',
          'ending',
          'enteredAt',
          'id',
        ],
        ...[
          'joinFailures',
          'joined',
          'listening',
          'menuMisses',
          'offer',
          'playing',
          'plays',
          'queuedAt',
          'score',
          'seq',
        ],
        ...['specialty', 'state', 'survey', 'talk', 'visit', 'window'],
      ],
    });
  });
});
