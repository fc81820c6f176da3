import { describe, expect, it } from 'vitest';
import type { CallEvent } from '../../src/calls/call.ts';
import { afterEarlier, sayable } from '../../src/calls/told-wait.ts';
import {
  entries,
  feed,
  feedAt,
  inMenu,
  NOW,
  open,
  timer,
  wordsOver,
  type Walk,
} from '../support/call-fixtures.ts';

describe('minutes as they are said', () => {
  const said = (low: number, high: number) => sayable({ lowSeconds: low, highSeconds: high });

  it('are rounded outwards, so that what was inside stays inside', () => {
    expect(said(301, 599)).toEqual({ lowMinutes: 5, highMinutes: 10 });
    expect(said(300, 600)).toEqual({ lowMinutes: 5, highMinutes: 10 });
    expect(said(419, 601)).toEqual({ lowMinutes: 6, highMinutes: 12 });
  });

  it('have no beginning below a minute and no end beyond an hour and a half', () => {
    expect(said(59, 200)).toEqual({ lowMinutes: 0, highMinutes: 4 });
    expect(said(1900, 5401)).toEqual({ lowMinutes: 30, highMinutes: null });
    expect(said(10, 6000)).toBeNull();
  });
});

describe('after an earlier range', () => {
  const earlier = { lowMinutes: 5, highMinutes: 10, staffed: 4, at: 0 };
  const fresh = (lowMinutes: number, highMinutes: number | null, staffed: number) => ({
    ...{ lowMinutes, highMinutes, staffed },
  });

  it('tells less as it is', () => {
    expect(afterEarlier(fresh(3, 8, 5), earlier)).toEqual({ ...fresh(3, 8, 5), reason: null });
    expect(afterEarlier(fresh(3, 8, 2), earlier)).toEqual({ ...fresh(3, 8, 2), reason: null });
  });

  it('tells no more than that, bound by bound', () => {
    expect(afterEarlier(fresh(4, 12, 4), earlier)).toEqual({ ...fresh(4, 10, 4), reason: null });
    expect(afterEarlier(fresh(8, null, 6), earlier)).toEqual({ ...fresh(5, 10, 4), reason: null });
  });

  it('tells more where fewer are at work than it was reckoned with, and says so', () => {
    expect(afterEarlier(fresh(8, 15, 3), earlier)).toEqual({ ...fresh(8, 15, 3), reason: 'staffing-fell' });
  });
});

const wait = (low: number, high: number, staffed = 4) => ({
  ...{ lowSeconds: low * 60, highSeconds: high * 60, staffed },
});
const placeTold = (estimate: ReturnType<typeof wait> | null): CallEvent => ({
  ...{ type: 'position-told', position: 3, wait: estimate },
});
const queued = (estimate: ReturnType<typeof wait> | null) =>
  feed(inMenu(), { type: 'citizen-digit', digit: '2' }, open('transport'), {
    ...{ type: 'queue-joined', position: 3, wait: estimate },
  });
const told = (walk: Walk) =>
  entries(walk.all).flatMap((entry) => (entry.kind === 'wait.told' ? [entry.data] : []));
const sounds = (walk: Walk) =>
  walk.effects.flatMap((effect) => (effect.do === 'play' ? [effect.sounds] : []))[0];
/** The place is told anew so long after the wait began. */
const later = (walk: Walk, seconds: number, estimate: ReturnType<typeof wait> | null) =>
  feedAt(NOW + seconds * 1000, walk, wordsOver, timer('repeat-position'), placeTold(estimate));

describe('a waiting citizen', () => {
  it('is told the wait with the place, and the ledger keeps what was said', () => {
    const walk = queued(wait(5, 9));
    expect(sounds(walk)).toEqual([
      ...['queue/you-are', 'ordinal/3', 'queue/in-line'],
      ...['wait/between', 'count/5', 'wait/to', 'count/10', 'wait/minutes'],
      ...['queue/please-wait', 'queue/keys'],
    ]);
    expect(told(walk)).toEqual([
      {
        ...{ toldAt: new Date(NOW).toISOString(), place: 3 },
        ...{ lowMinutes: 5, highMinutes: 10, staffed: 4, reason: null },
      },
    ]);
  });

  it('hears the place alone where nothing is known', () => {
    const walk = queued(null);
    expect(sounds(walk)).toEqual([
      ...['queue/you-are', 'ordinal/3', 'queue/in-line', 'queue/please-wait', 'queue/keys'],
    ]);
    expect(told(walk)).toEqual([]);
  });

  it('who is the first hears that nobody will be reached, not of being connected', () => {
    const walk = feed(inMenu(), { type: 'citizen-digit', digit: '2' }, open('transport'), {
      ...{ type: 'queue-joined', position: 1, tooLate: ['closed/opens', 'day/tomorrow', 'hour/8'] },
    });
    expect(sounds(walk)).toEqual([
      ...['queue/you-are', 'ordinal/1', 'queue/in-line'],
      ...['closing/too-late', 'closed/opens', 'day/tomorrow', 'hour/8', 'queue/keys'],
    ]);
    expect(told(walk)).toEqual([]);
  });

  it('who is the first is not told of being connected where nobody is at work', () => {
    const walk = feed(inMenu(), { type: 'citizen-digit', digit: '2' }, open('transport'), {
      ...{ type: 'queue-joined', position: 1, nobodyAtWork: true },
    });
    expect(sounds(walk)).toEqual([
      ...['queue/you-are', 'ordinal/1', 'queue/in-line', 'queue/please-wait', 'queue/keys'],
    ]);
  });

  it('never hears more than before, unless fewer experts are at work', () => {
    const first = later(queued(wait(5, 9)), 70, wait(8, 14));
    expect(told(first).at(-1)).toMatchObject({ lowMinutes: 5, highMinutes: 10, staffed: 4, reason: null });
    const second = later(first, 140, wait(8, 14, 3));
    expect(told(second).at(-1)).toMatchObject({ lowMinutes: 8, highMinutes: 15, reason: 'staffing-fell' });
    // What was told last is the measure from now on.
    expect(told(later(second, 210, wait(10, 20, 3))).at(-1)).toMatchObject({ highMinutes: 15, reason: null });
  });

  it('hears of it at most once a minute, however often the place is told', () => {
    const walk = later(queued(wait(5, 9)), 59, wait(3, 6));
    expect(sounds(walk)).not.toContain('wait/between');
    expect(told(walk)).toHaveLength(1);
    expect(told(later(walk, 61, wait(3, 6)))).toHaveLength(2);
  });
});
