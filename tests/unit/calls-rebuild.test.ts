import { describe, expect, it } from 'vitest';
import type { ChannelSnapshot } from '../../src/asterisk/telephony.ts';
import type { Effect } from '../../src/calls/call.ts';
import { callIdOf } from '../../src/calls/identity.ts';
import type { LedgerEntry } from '../../src/calls/ledger.ts';
import { project } from '../../src/calls/projection.ts';
import { rebuild, remains, seqAfter } from '../../src/calls/rebuild.ts';
import { arrival, entries, feed, NOW, settings } from '../support/call-fixtures.ts';
import { answeredCall } from '../support/ledger-entries.ts';

const MINUTE = 60_000;
const queuedAt = NOW + 5000;
const now = NOW + 2 * MINUTE;

const channel = (
  variables: Record<string, string>,
  over: Partial<ChannelSnapshot> = {},
): ChannelSnapshot => ({
  ...{
    id: arrival.channelId,
    name: 'PJSIP/trunk-00000001',
    state: 'Up',
    callerNumber: '',
    connectedNumber: '',
  },
  ...{
    createdAt: NOW,
    application: 'Stasis',
    applicationData: 'clinic,citizen,menu',
    context: '',
    variables,
  },
  ...over,
});
const place = { CLINIC_SPECIALTY: 'transport', CLINIC_QUEUED_AT: String(queuedAt) };
const leg = channel({}, { id: 'exp-o1', name: 'PJSIP/e001-00000012' });
const bridge = { id: 'talk-o1', channelIds: [arrival.channelId, 'exp-o1'] };
const nobody = { channels: [], bridges: [] };

describe('a call without a snapshot', () => {
  it('keeps the place that stands on its channel', () => {
    expect(rebuild(channel(place), arrival, nobody, now)).toMatchObject({
      ...{ id: arrival.id, channelId: arrival.channelId, caller: arrival.caller, enteredAt: NOW },
      ...{ state: 'waiting', specialty: 'transport', queuedAt, joined: true, talk: null },
    });
  });

  it('numbers its entries above all that an earlier process has written', () => {
    const call = rebuild(channel(place), arrival, nobody, now);
    expect(call?.seq).toBe(seqAfter(NOW, now));
    expect(call?.seq).toBeGreaterThan(100_000);
    expect(seqAfter(NOW, NOW - 1)).toBe(1000);
  });

  it.each([
    ['nothing', {}],
    ['no specialty', { CLINIC_QUEUED_AT: String(queuedAt) }],
    ['an empty specialty', { ...place, CLINIC_SPECIALTY: '' }],
    ['a time that is none', { ...place, CLINIC_QUEUED_AT: '5x' }],
  ])('begins anew where the channel carries %s', (_what, variables) => {
    expect(rebuild(channel(variables), arrival, nobody, now)).toBeNull();
  });

  it('is a talk where the citizen is joined to an expert, since when the channel tells', () => {
    const citizen = channel({ ...place, CLINIC_ANSWERED_AT: String(NOW + MINUTE) });
    expect(rebuild(citizen, arrival, { channels: [citizen, leg], bridges: [bridge] }, now)).toMatchObject({
      state: 'talking',
      talk: { offerId: 'o1', expertId: 'e001', startedAt: NOW + MINUTE },
    });
  });

  it.each([
    ['alone in the bridge', { channels: [leg], bridges: [{ ...bridge, channelIds: [arrival.channelId] }] }],
    ['joined to a leg that is gone', { channels: [], bridges: [bridge] }],
    ['in another bridge', { channels: [leg], bridges: [{ ...bridge, id: 'conference' }] }],
  ])('waits where the citizen is %s', (_what, exchange) => {
    expect(rebuild(channel(place), arrival, exchange, now)?.state).toBe('waiting');
  });
});

describe('a call of which only the id is left', () => {
  const id = callIdOf('clinic', `clinic-${NOW / 1000}.7`);

  it('is written down as failed, numbered from the time its id tells', () => {
    const step = remains(id, null, settings, now);
    expect(step.call).toMatchObject({ id, state: 'ended', ending: 'failed' });
    expect(entries(step.effects)).toEqual([
      expect.objectContaining({ kind: 'call.ended', seq: seqAfter(NOW, now) + 1 }),
    ]);
    expect(step.effects.map((effect) => effect.do)).toEqual(['leave-queue', 'release', 'record']);
  });

  it('waits for the end of a wrap-up that still runs', () => {
    const step = remains(id, 'e001', settings, now);
    expect(step.call).toMatchObject({ state: 'wrap-up', citizenGone: true, talk: { expertId: 'e001' } });
    expect(step.effects.map((effect) => effect.do)).toEqual(['record', 'timer']);
  });

  /** The row, by what was written while there was a snapshot, and what was written after it. */
  const rowAfter = (before: LedgerEntry[], effects: Effect[]) => {
    const later = entries(effects).map((entry) => ({
      ...entry,
      callId: id,
      at: new Date(now).toISOString(),
    }));
    return project([...before, ...later])?.call;
  };
  const whole = answeredCall(id);
  const upTo = (kind: LedgerEntry['kind']) => whole.slice(0, whole.findIndex((one) => one.kind === kind) + 1);

  it('is over where nobody leads its wrap-up any more, and answered as it was', () => {
    const before = upTo('call.ended');
    expect(rowAfter(before, [])).toMatchObject({ state: 'wrap-up', ending: 'answered' });
    expect(rowAfter(before, remains(id, null, settings, now).effects)).toEqual({
      ...rowAfter(before, []),
      state: 'ended',
    });
  });

  it.each([
    ['with its end written', upTo('call.ended')],
    ['before its end was written', upTo('segment.ended')],
  ])('wraps up %s, and is over when its expert has done with it', (_when, before) => {
    const taken = remains(id, 'e002', settings, now);
    expect(rowAfter(before, taken.effects)).toMatchObject({ state: 'wrap-up', ending: 'answered' });
    const over = feed({ ...taken, all: taken.effects }, { type: 'wrap-up-ended', expertId: 'e002' });
    expect(over.call.state).toBe('ended');
    expect(rowAfter(before, over.all)).toMatchObject({ state: 'ended', ending: 'answered' });
  });
});
