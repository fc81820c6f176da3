import { DateTime } from 'luxon';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import type { CallEvent } from '../../src/calls/call.ts';
import type { EarlierWaits } from '../../src/calls/earlier-waits.ts';
import { createPerform } from '../../src/calls/effects.ts';
import type { EffectDeps } from '../../src/calls/ports.ts';
import { defaultSchedule, isOpen } from '../../src/hours/rules.ts';
import type { Routing, Waiting } from '../../src/routing/routing.ts';
import type { NobodyAtWork, WaitEstimate } from '../../src/routing/wait-range.ts';
import { feed, inMenu, inQueue, isConnecting, NOW, open } from '../support/call-fixtures.ts';
import { silentLog } from '../support/silent-log.ts';

/** What the channel is to carry is set while words sound to the citizen: Asterisk answers only afterwards. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function scene(over: Partial<EffectDeps> = {}) {
  const asked: { variables: Record<string, string>; answer: () => void }[] = [];
  const joined: Waiting[] = [];
  const telephony = {
    setVariables: (_channelId: string, variables: Record<string, string>) =>
      new Promise((resolve) => void asked.push({ variables, answer: () => resolve('done') })),
    addToBridge: () => Promise.resolve('done'),
  } as unknown as Telephony;
  const perform = createPerform({
    ...{ telephony, log: silentLog, clock: { now: () => NOW, monotonic: () => 0 }, zone: 'Asia/Tehran' },
    routing: {
      enqueue: (entry: Waiting) => Promise.resolve({ position: joined.push(entry) + 2 }),
      position: () => Promise.resolve(3),
    } as unknown as Routing,
    hours: {} as never,
    ledger: {} as never,
    callbacks: {
      trunk: '',
      allows: () => false,
      dialled: (number) => number,
      ringSeconds: 30,
      isHere: () => false,
    },
    recorder: {} as never,
    ...{ ringSeconds: 25, closing: { noticeMs: 0, graceMs: 0 }, callerId: '137', later: () => undefined },
    ...over,
  });
  const replies: CallEvent[] = [];
  return { asked, joined, perform, replies, reply: (event: CallEvent) => void replies.push(event) };
}

describe('the marks on a channel', () => {
  it('keep nobody waiting: what the step has brought about is handled in a moment', async () => {
    const { perform, replies, reply } = scene();
    let over = false;
    void perform(inQueue().call, { do: 'join-queue' }, reply).then(() => (over = true));
    await vi.advanceTimersByTimeAsync(500);
    expect(over).toBe(true);
    expect(replies).toEqual([{ type: 'queue-joined', position: 3 }]);
  });

  it('are set one after another, so that the later one counts', async () => {
    const { perform, asked, reply } = scene();
    void perform(inQueue().call, { do: 'join-queue' }, reply);
    await vi.advanceTimersByTimeAsync(500);
    void perform(isConnecting().call, { do: 'bridge', offerId: 'o1' }, reply);
    await vi.advanceTimersByTimeAsync(500);
    expect(asked.map(({ variables }) => variables['TIMEOUT(absolute)'])).toEqual(['3600']);
    asked[0]?.answer();
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.map(({ variables }) => variables['TIMEOUT(absolute)'])).toEqual(['3600', '0']);
  });
});

describe('the place in the queue', () => {
  const asks = feed(inMenu(), { type: 'citizen-digit', digit: '2' }, open('transport')).call;
  const waits: EarlierWaits = { headStartOf: () => Promise.resolve(90) };

  it('is ahead by what was waited in vain, which is told before it is taken and stands on the channel', async () => {
    const { perform, asked, joined, replies, reply } = scene({ earlierWaits: waits });
    void perform(asks, { do: 'join-queue' }, reply);
    await vi.advanceTimersByTimeAsync(500);
    expect(joined).toMatchObject([{ score: NOW - 90_000, queuedAt: NOW }]);
    expect(replies).toEqual([
      { type: 'head-start', seconds: 90 },
      { type: 'queue-joined', position: 3 },
    ]);
    expect(asked[0]?.variables).toMatchObject({ CLINIC_SCORE: String(NOW - 90_000) });
  });

  it('is asked for once: afterwards it is the same', async () => {
    const { perform, joined, replies, reply } = scene({ earlierWaits: waits });
    for (const known of [{ score: NOW - 60_000 }, { joined: true }]) {
      void perform({ ...asks, ...known }, { do: 'join-queue' }, reply);
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(joined.map(({ score }) => score)).toEqual([NOW - 60_000, NOW]);
    expect(replies.map(({ type }) => type)).toEqual(['queue-joined', 'queue-joined']);
  });
});

describe('what is told with the place', () => {
  const zone = 'Asia/Tehran';
  const ms = (time: string) => Date.parse(`2026-11-23T${time}:00+03:30`);
  const range = { lowSeconds: 600, highSeconds: 1200, staffed: 2 };
  const tooLate = ['closed/opens', 'day/tomorrow', 'hour/8'];

  /** On a day that ends at 16:00, a quarter of an hour after which the last are served. */
  async function told(time: string, wait: WaitEstimate | NobodyAtWork | null): Promise<CallEvent[]> {
    const schedule = defaultSchedule(zone);
    const { perform, replies, reply } = scene({
      clock: { now: () => ms(time), monotonic: () => 0 },
      hours: {
        check: (specialty, at = ms(time)) => isOpen(schedule, specialty, DateTime.fromMillis(at, { zone })),
      },
      waits: { ask: () => Promise.resolve(wait) },
      closing: { noticeMs: 3_600_000, graceMs: 900_000 },
    });
    await perform(inQueue().call, { do: 'ask-position' }, reply);
    void perform(inQueue().call, { do: 'join-queue' }, reply);
    await vi.advanceTimersByTimeAsync(500);
    return replies;
  }
  const both = (prospect: object) => [
    { type: 'position-told', position: 3, ...prospect },
    { type: 'queue-joined', position: 3, ...prospect },
  ];

  it('is that nobody will be reached before the end, where nobody is at work any more', async () => {
    const nobodyAtWork = true;
    expect(await told('15:40', { backAt: null })).toEqual(both({ nobodyAtWork, tooLate }));
    expect(await told('15:40', { backAt: ms('16:20') })).toEqual(both({ nobodyAtWork, tooLate }));
  });

  it('is no end where somebody will be back, it is not near, or who is at work is not known', async () => {
    const nobodyAtWork = true;
    expect(await told('15:40', { backAt: ms('15:50') })).toEqual(both({ nobodyAtWork }));
    expect(await told('11:40', { backAt: null })).toEqual(both({ nobodyAtWork }));
    expect(await told('15:40', null)).toEqual(both({}));
  });

  it('is the range, with the end where even the sooner end of it lies beyond', async () => {
    expect(await told('15:40', range)).toEqual(both({ wait: range }));
    const long = { ...range, lowSeconds: 36 * 60 };
    expect(await told('15:40', long)).toEqual(both({ wait: long, tooLate }));
  });
});
