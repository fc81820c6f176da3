import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import { createTalkEffects } from '../../src/calls/bridge.ts';
import type { CallEvent } from '../../src/calls/call.ts';
import type { EffectDeps } from '../../src/calls/ports.ts';
import { entries, feedAt, isConnecting, isRinging, isTalking, NOW } from '../support/call-fixtures.ts';
import { silentLog } from '../support/silent-log.ts';

/** What was heard of late, as this process stood still, is written down with the time at which it happened. */

const SECOND = 1000;
const iso = (ms: number) => new Date(ms).toISOString();

describe('what is told late', () => {
  const woken = NOW + 12 * SECOND;
  const written = (event: CallEvent, from = isTalking(), now = woken) =>
    entries(feedAt(now, from, event).effects);

  it('of a talk: it was over when the expert hung up', () => {
    const over = { type: 'expert-gone', offerId: 'o1', cause: 16, at: NOW + 4 * SECOND } as const;
    expect(written(over)).toMatchObject([
      { kind: 'segment.ended', data: { startedAt: iso(NOW), endedAt: iso(NOW + 4 * SECOND) } },
    ]);
  });

  it('of a call: it was over when the citizen hung up, in a talk and while waiting', () => {
    const gone = { type: 'citizen-gone', cause: 16, at: NOW + 4 * SECOND } as const;
    for (const from of [isTalking(), isRinging()]) {
      const ended = written(gone, from).find(({ kind }) => kind === 'call.ended');
      expect(ended).toMatchObject({ data: { endedAt: iso(NOW + 4 * SECOND) } });
    }
  });

  it('of a join: the talk began then, and what was heard of its end in the same breath is after it', () => {
    const accepted = feedAt(NOW, isConnecting(), { type: 'accept-told', offerId: 'o1', accepted: true });
    const talks = feedAt(woken, accepted, { type: 'bridged', offerId: 'o1', at: NOW + SECOND });
    expect(talks.call.talk).toMatchObject({ startedAt: NOW + SECOND });
    expect(written({ type: 'expert-gone', offerId: 'o1', cause: 16, at: NOW }, talks)).toMatchObject([
      { data: { startedAt: iso(NOW + SECOND), endedAt: iso(NOW + SECOND) } },
    ]);
  });

  it('is never later than now', () => {
    const gone = { type: 'citizen-gone', cause: 16, at: woken + SECOND } as const;
    expect(written(gone)).toMatchObject([{ data: { endedAt: iso(woken) } }, {}]);
  });
});

describe('a join asked for just before this process stood still', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is dated when it was asked for, in the ledger and on the channel', async () => {
    const world = { stood: 0 };
    const marks: Record<string, string>[] = [];
    const join = () => {
      world.stood = 8 * SECOND;
      return Promise.resolve('done');
    };
    const { bridge } = createTalkEffects(
      {
        telephony: { addToBridge: join } as unknown as Telephony,
        clock: { now: () => NOW + world.stood, monotonic: () => world.stood },
        log: silentLog,
      } as unknown as EffectDeps,
      (_channelId, variables) => Promise.resolve(void marks.push(variables)),
    );
    const replies: CallEvent[] = [];
    await bridge(isConnecting().call, { do: 'bridge', offerId: 'o1' }, (event) => void replies.push(event));
    const at = NOW + 100;
    expect(replies).toEqual([{ type: 'bridged', offerId: 'o1', at }]);
    expect(marks).toMatchObject([{ CLINIC_ANSWERED_AT: String(at) }]);
  });
});
