import { DateTime } from 'luxon';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallEvent, State } from '../../src/calls/call.ts';
import { createClosing, type Closing } from '../../src/calls/closing.ts';
import { tellClosing } from '../../src/calls/hours-told.ts';
import { revive } from '../../src/calls/revival.ts';
import type { Runner } from '../../src/calls/runner.ts';
import {
  addWorkingSeconds,
  defaultSchedule,
  isOpen,
  workingSecondsBetween,
  type Schedule,
} from '../../src/hours/rules.ts';
import {
  closed,
  deeds,
  entries,
  feed,
  feedAt,
  inMenu,
  inQueue,
  isConnecting,
  isRinging,
  kinds,
  NOW,
  offered,
  settings,
  start,
  timer,
  wordsOver,
  type Walk,
} from '../support/call-fixtures.ts';

/** Nobody answers at this hour: what there is instead, for who calls then and for who has been waiting. */

const ZONE = 'Asia/Tehran';
const LATER = NOW + 2000;
const hangUp = { type: 'citizen-gone', cause: 16 } as const;
const digit = (key: string) => ({ type: 'citizen-digit', digit: key }) as const;
const closes: CallEvent = {
  type: 'closes',
  reason: 'outside-hours',
  opensAt: '2026-11-24T08:00:00+03:30',
  words: ['specialty/transport', 'closed/specialty'],
};
/** The same call by a number that is withheld. */
const unknown = (walk: Walk): Walk => ({ ...walk, call: { ...walk.call, caller: null } });
const arrivesClosed = () => feed(start(), wordsOver, closed(null));
const isWaiting = () => feed(inQueue(), wordsOver);

describe('who calls when nobody answers', () => {
  it.each([
    ['1', 'callback'],
    ['2', 'message'],
  ])('gets by %s a %s of the exchange, which tells how the call ends', (key, wish) => {
    const left = feedAt(LATER, arrivesClosed(), digit(key));
    expect(left.call).toMatchObject({ state: 'leaving', ending: null });
    expect(deeds(left.effects)).toEqual(['stop-playing', 'to-fallback', 'timer']);
    expect(left.effects).toContainEqual({ do: 'to-fallback', wish });
    expect(entries(left.effects)).toMatchObject([{ kind: 'wish.made', data: { wish }, actor: 'citizen' }]);
    const over = feed(left, { type: 'handed-over', kept: true });
    expect(over.call.state).toBe('ended');
    expect(kinds(over.effects)).toEqual([]);
  });

  it('does not wish for anything by the digit of the menu keyed twice, or by another one', () => {
    const turnedAway = feed(inMenu(), digit('2'), closed('transport'));
    expect(feedAt(LATER - 1, turnedAway, digit('2')).call.state).toBe('closed');
    for (const key of ['0', '3', '*', '#'])
      expect(feedAt(LATER, turnedAway, digit(key)).call.state).toBe('closed');
  });

  it('is asked twice, hears goodbye, and the call was closed', () => {
    const once = feed(arrivesClosed(), wordsOver);
    expect(once.effects).toEqual([expect.objectContaining({ do: 'timer', name: 'silence', seconds: 6 })]);
    const again = feed(once, timer('silence'));
    expect(again.effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['closed/keys'] }));
    const over = feed(again, wordsOver, timer('silence'));
    expect(over.call).toMatchObject({ state: 'leaving', ending: 'closed' });
    expect(over.effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['talk/goodbye'] }));
    expect(deeds(feed(over, wordsOver).effects)).toEqual(['hang-up-citizen']);
    expect(entries(feed(over, wordsOver, hangUp).effects)[0]).toMatchObject({ data: { ending: 'closed' } });
  });

  it('is asked again by a process that takes the call up', () => {
    const { call, effects } = revive(arrivesClosed().call, false, settings, NOW);
    expect(call).toMatchObject({ state: 'closed', ending: 'closed' });
    expect(effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['closed/keys'] }));
  });
});

describe('who waits when it closes', () => {
  it.each([
    ['position', inQueue()],
    ['waiting', isWaiting()],
  ])('from %s on is out of the queue, hears why, and is owed a call', (state, walk) => {
    expect(walk.call.state).toBe(state);
    const told = feed(walk, closes);
    expect(told.call).toMatchObject({ state: 'closed', ending: null });
    expect(deeds(told.effects)).toContain('leave-queue');
    expect(told.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: ['closed/sorry', 'specialty/transport', 'closed/specialty', 'closed/we-call'],
      }),
    );
    expect(entries(told.effects)).toMatchObject([
      { kind: 'hours.checked', data: { open: false, specialty: 'transport', reason: 'outside-hours' } },
      { kind: 'wish.made', data: { wish: 'callback' }, actor: 'system' },
    ]);
    // There is time to key what was offered.
    const heard = feed(told, wordsOver);
    expect(heard.call.state).toBe('closed');
    const over = feed(heard, timer('silence'));
    expect(over.effects).toContainEqual({ do: 'to-fallback', wish: 'callback' });
    expect(over.call.state).toBe('leaving');
  });

  it('may leave a message as well, also by a key pressed after the words', () => {
    const told = feed(isWaiting(), closes);
    for (const walk of [told, feed(told, wordsOver)])
      expect(feedAt(LATER, walk, digit('2')).effects).toContainEqual({ do: 'to-fallback', wish: 'message' });
  });

  it('hangs up over the words: abandoned, which the wish makes a call to be returned', () => {
    expect(entries(feed(isWaiting(), closes, hangUp).effects)[0]).toMatchObject({
      ...{ kind: 'call.ended', data: { ending: 'abandoned', state: 'closed' } },
    });
  });

  it('is still owed it where another process takes the call up, or the exchange is lost', () => {
    const told = feed(isWaiting(), closes);
    const { call, effects } = revive(told.call, false, settings, NOW);
    expect(call).toMatchObject({ state: 'closed', ending: null });
    expect(effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['closed/we-call'] }));
    expect(entries(feed(told, { type: 'exchange-lost' }).effects)[0]).toMatchObject({
      ...{ kind: 'call.ended', data: { ending: 'failed' } },
    });
  });

  it('by a number that cannot be called hears why, is promised nothing, and is asked for one at once', () => {
    const told = feed(unknown(isWaiting()), closes);
    expect(told.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: ['closed/sorry', 'specialty/transport', 'closed/specialty'],
      }),
    );
    expect(kinds(told.effects)).toEqual(['hours.checked']);
    for (const event of [wordsOver, timer('silence')]) {
      const over = feed(told, event);
      expect(over.call).toMatchObject({ state: 'leaving', ending: null });
      expect(over.effects).toContainEqual({ do: 'to-fallback', wish: 'callback' });
      expect(entries(over.effects)).toMatchObject([
        { kind: 'wish.made', data: { wish: 'callback' }, actor: 'system' },
      ]);
    }
    const message = feedAt(LATER, told, digit('2'));
    expect(message.effects).toContainEqual({ do: 'to-fallback', wish: 'message' });
    expect(kinds(message.effects)).toEqual(['wish.made']);
  });

  it('from a country we do not call is promised nothing either, and asked for a number', () => {
    const { call, ...walk } = isWaiting();
    const told = feed({ ...walk, call: { ...call, caller: '+442079460000' } }, closes);
    expect(kinds(told.effects)).toEqual(['hours.checked']);
    expect(feed(told, wordsOver).effects).toContainEqual({ do: 'to-fallback', wish: 'callback' });
  });

  it('by such a number is taken up by another process without a promise, and asked all the same', () => {
    const { call, effects } = revive(feed(unknown(isWaiting()), closes).call, false, settings, NOW);
    expect(effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['closed/sorry'] }));
    const over = feed({ call, effects, all: effects }, wordsOver);
    expect(over.effects).toContainEqual({ do: 'to-fallback', wish: 'callback' });
  });

  it('whom we have called is owed it: that number is known', () => {
    const { call, ...walk } = unknown(isWaiting());
    const callback = { id: 'c1', number: '+989121234567', askings: 0 };
    const told = feed({ ...walk, call: { ...call, callback } }, closes);
    expect(told.effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: expect.arrayContaining(['closed/we-call']) as string[] }),
    );
  });

  it('is not torn from an expert who is being rung or has just answered, and gives back an offer that crosses', () => {
    expect(feed(isRinging(), closes).call.state).toBe('ringing');
    expect(feed(isConnecting(), closes).call.state).toBe('connecting');
    expect(deeds(feed(isWaiting(), closes, offered('o9')).effects)).toEqual(['leave-queue']);
  });
});

describe('who will not be reached before the end of the hours', () => {
  const zone = ZONE;
  const at = (time: string) => DateTime.fromISO(`2026-11-23T${time}`, { zone }).toMillis();
  /** Every day from 8 to 16. */
  const hours = {
    check: (specialty: string | null, ms = 0) =>
      isOpen(defaultSchedule(zone), specialty, DateTime.fromMillis(ms, { zone })),
  };
  const closing = { noticeMs: 3_600_000, graceMs: 900_000 };
  const told = (time: string, over = {}) =>
    tellClosing({ hours, zone, closing: { ...closing, ...over } }, 'transport', at(time));

  it('is known from an hour before on, with the time they are still served after it', () => {
    expect(told('14:59')).toBeNull();
    expect(told('15:00')).toEqual({
      leftMs: 75 * 60_000,
      words: ['closed/opens', 'day/tomorrow', 'hour/8'],
    });
    expect(told('16:00')).toBeNull();
  });

  it('is nobody where the pause is so short that they are served after it', () => {
    expect(told('15:30', { graceMs: 16 * 3_600_000 })).toBeNull();
  });

  it('hears so with the place, and what there is instead', () => {
    const wait = { lowSeconds: 3600, highSeconds: 7200, staffed: 2 };
    const tooLate = ['closed/opens', 'day/tomorrow', 'hour/8'];
    const asked = feed(isWaiting(), timer('repeat-position'));
    const walk = feed(asked, { type: 'position-told', position: 3, wait, tooLate });
    expect(walk.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: [
          ...['queue/you-are', 'ordinal/3', 'queue/in-line'],
          ...['wait/above', 'count/60', 'wait/minutes'],
          ...['closing/too-late', 'closed/opens', 'day/tomorrow', 'hour/8', 'queue/keys'],
        ],
      }),
    );
  });
});

describe('the watch over the end of the hours', () => {
  /** Transport every day from 8 to 12 and from 13 to 16; 2026-11-23 is a Monday. */
  const schedule: Schedule = {
    ...defaultSchedule(ZONE),
    specialties: ['transport', 'finance'],
    weekly: [1, 2, 3, 4, 5, 6, 7].flatMap((weekday) =>
      [
        [480, 720],
        [780, 960],
      ].map(([opensMinute = 0, closesMinute = 0]) => ({
        ...{ specialty: null, weekday, opensMinute, closesMinute, validFrom: 0, validTo: null },
      })),
    ),
  };
  const at = (time: string) => DateTime.fromISO(`2026-11-23T${time}`, { zone: ZONE }).toMillis();
  let current: Schedule;
  let tellChange: () => void;
  let posted: { id: string; reason: string }[];
  let states: Record<string, State>;
  let closing: Closing;

  beforeEach(() => {
    vi.useFakeTimers();
    current = schedule;
    posted = [];
    states = {};
  });
  afterEach(() => {
    closing.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  function begin(time: string, graceSeconds: number, isRead = true): void {
    vi.setSystemTime(at(time));
    const instant = (ms: number) => DateTime.fromMillis(ms, { zone: ZONE });
    const runner = (id: string): Runner =>
      ({
        call: () => ({ ...inQueue().call, id, state: states[id] }),
        post: (event: CallEvent) => {
          if (event.type !== 'closes') return;
          posted.push({ id, reason: event.reason });
          states[id] = 'closed';
        },
      }) as unknown as Runner;
    closing = createClosing({
      hours: {
        check: (specialty, ms = Date.now()) => {
          const answer = isOpen(current, specialty, instant(ms));
          return isRead ? answer : { ...answer, reason: 'default-hours' };
        },
        workingSecondsBetween: (specialty, from, to) =>
          workingSecondsBetween(current, specialty, instant(from), instant(to)),
        onChange: (listener) => {
          tellChange = listener;
          return () => undefined;
        },
      },
      live: () => new Map(Object.keys(states).map((id) => [id, runner(id)])),
      clock: { now: () => Date.now(), monotonic: () => 0 },
      ...{ zone: ZONE, specialties: ['transport', 'finance'], graceSeconds },
    });
    closing.start();
  }

  it('tells all who wait, once the time is over in which they are still served', () => {
    states = { a: 'waiting', b: 'position', talks: 'talking' };
    begin('15:59', 900);
    vi.advanceTimersByTime(15.9 * 60_000);
    expect(posted).toEqual([]);
    vi.advanceTimersByTime(0.2 * 60_000);
    expect(posted).toEqual([
      { id: 'a', reason: 'outside-hours' },
      { id: 'b', reason: 'outside-hours' },
    ]);
    expect(states['talks']).toBe('talking');
  });

  it('sends nobody away by hours that are only guessed, as the real ones could not be read', () => {
    states = { a: 'waiting' };
    begin('17:00', 900, false);
    vi.advanceTimersByTime(3_600_000);
    expect(posted).toEqual([]);
  });

  it('tells who comes back to waiting from a ring that nobody answered', () => {
    states = { a: 'ringing' };
    begin('15:59', 0);
    vi.advanceTimersByTime(90_000);
    expect(posted).toEqual([]);
    states['a'] = 'waiting';
    vi.advanceTimersByTime(1000);
    expect(posted).toEqual([{ id: 'a', reason: 'outside-hours' }]);
  });

  it('tells at once where it is closed on the spot', () => {
    states = { a: 'waiting' };
    begin('10:00', 900);
    const closure = { specialty: null, startsAt: at('10:00'), endsAt: Infinity, kind: 'snow' as const };
    current = { ...schedule, closures: [closure] };
    tellChange();
    expect(posted).toEqual([{ id: 'a', reason: 'closure' }]);
  });

  it('lets them wait through a pause that is shorter than the time given', () => {
    states = { a: 'waiting' };
    begin('12:10', 3600);
    vi.advanceTimersByTime(60 * 60_000);
    expect(posted).toEqual([]);
  });

  it('knows of a specialty that never closes that nothing is to be told', () => {
    states = { a: 'waiting' };
    const always = { ...schedule, openings: [{ specialty: null, startsAt: 0, endsAt: at('10:00') + 1e12 }] };
    current = always;
    begin('10:00', 0);
    vi.advanceTimersByTime(10 * 60_000);
    expect(posted).toEqual([]);
    expect(addWorkingSeconds(always, 'transport', DateTime.fromMillis(at('10:00')), 1)).not.toBeNull();
  });
});
