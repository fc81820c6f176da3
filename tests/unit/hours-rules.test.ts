import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import {
  defaultSchedule,
  isOpen,
  nextOpening,
  type Opening,
  type Schedule,
  type WeeklyWindow,
} from '../../src/hours/rules.ts';

const TEHRAN = 'Asia/Tehran';

function at(text: string, zone = TEHRAN): DateTime {
  const time = DateTime.fromISO(text, { zone });
  if (!time.isValid) throw new Error(`not a time: ${text}`);
  return time;
}

function week(entries: [weekday: number, opens: number, closes: number][], zone = TEHRAN): Schedule {
  const weekly = entries.map(([weekday, opens, closes]) => {
    return {
      specialty: null,
      weekday,
      opensMinute: opens,
      closesMinute: closes,
      validFrom: 0,
      validTo: null,
    };
  });
  return { zone, weekly, openings: [] };
}

const allDay = week([1, 2, 3, 4, 5, 6, 7].map((weekday) => [weekday, 0, 1440]));

function told(schedule: Schedule, specialty: string | null, time: DateTime) {
  const { open, reason, opensAt, closesAt } = isOpen(schedule, specialty, time);
  return { open, reason, opensAt: opensAt?.toISO() ?? null, closesAt: closesAt?.toISO() ?? null };
}

describe('the default, every day 8 to 16', () => {
  const schedule = defaultSchedule(TEHRAN);
  test.each([
    ['2026-11-23T07:59:59.999', false, '2026-11-23T08:00:00.000+03:30', null],
    ['2026-11-23T08:00:00.000', true, null, '2026-11-23T16:00:00.000+03:30'],
    ['2026-11-23T15:59:59.999', true, null, '2026-11-23T16:00:00.000+03:30'],
    ['2026-11-23T16:00:00.000', false, '2026-11-24T08:00:00.000+03:30', null],
  ])('at %s', (time, open, opensAt, closesAt) => {
    expect(told(schedule, 'finance', at(time))).toEqual({
      open,
      reason: open ? 'weekly' : 'outside-hours',
      opensAt,
      closesAt,
    });
  });
  test('the instant counts, not the zone it is written in', () => {
    expect(told(schedule, 'finance', at('2026-11-23T04:30:00Z', 'utc')).open).toBe(true);
    expect(told(schedule, 'finance', at('2026-11-23T04:29:59Z', 'utc')).open).toBe(false);
  });
});

describe('windows', () => {
  test('several a day', () => {
    const schedule = week([
      [1, 480, 720],
      [1, 840, 1020],
    ]);
    expect(told(schedule, 'finance', at('2026-11-23T12:30')).opensAt).toBe('2026-11-23T14:00:00.000+03:30');
    expect(told(schedule, 'finance', at('2026-11-23T11:00')).closesAt).toBe('2026-11-23T12:00:00.000+03:30');
    expect(nextOpening(schedule, 'finance', at('2026-11-23T11:00'))?.toISO()).toBe(
      '2026-11-23T14:00:00.000+03:30',
    );
  });
  test('that touch are one, also over midnight', () => {
    const schedule = week([
      [1, 1200, 1380],
      [1, 1380, 1440],
      [2, 0, 120],
    ]);
    expect(told(schedule, 'finance', at('2026-11-23T22:00')).closesAt).toBe('2026-11-24T02:00:00.000+03:30');
    expect(told(schedule, 'finance', at('2026-11-24T00:00')).open).toBe(true);
    expect(nextOpening(schedule, 'finance', at('2026-11-23T21:00'))?.toISO()).toBe(
      '2026-11-30T20:00:00.000+03:30',
    );
  });
  test('day and night: no closing is known', () => {
    expect(told(allDay, 'finance', at('2026-11-23T23:59'))).toEqual({
      open: true,
      reason: 'weekly',
      opensAt: null,
      closesAt: null,
    });
    expect(nextOpening(allDay, 'finance', at('2026-11-23T23:59'))).toBeNull();
  });
  test('none at all: no opening is known', () => {
    expect(told(week([]), 'finance', at('2026-11-23T10:00'))).toEqual({
      open: false,
      reason: 'outside-hours',
      opensAt: null,
      closesAt: null,
    });
  });
  test('of one specialty are not those of another; null asks for any', () => {
    const schedule: Schedule = {
      ...week([]),
      weekly: [
        {
          specialty: 'finance',
          weekday: 1,
          opensMinute: 480,
          closesMinute: 600,
          validFrom: 0,
          validTo: null,
        },
        {
          specialty: 'transport',
          weekday: 1,
          opensMinute: 540,
          closesMinute: 720,
          validFrom: 0,
          validTo: null,
        },
      ],
    };
    expect(told(schedule, 'finance', at('2026-11-23T11:00')).open).toBe(false);
    expect(told(schedule, 'transport', at('2026-11-23T08:30')).opensAt).toBe('2026-11-23T09:00:00.000+03:30');
    expect(told(schedule, null, at('2026-11-23T08:30')).closesAt).toBe('2026-11-23T12:00:00.000+03:30');
    expect(told(schedule, null, at('2026-11-23T07:30')).opensAt).toBe('2026-11-23T08:00:00.000+03:30');
  });
});

describe('versions', () => {
  const change = at('2026-11-23T10:00').toMillis();
  const schedule: Schedule = {
    ...week([]),
    weekly: [
      {
        specialty: 'finance',
        weekday: 1,
        opensMinute: 480,
        closesMinute: 960,
        validFrom: 0,
        validTo: change,
      },
      {
        specialty: 'finance',
        weekday: 1,
        opensMinute: 720,
        closesMinute: 840,
        validFrom: change,
        validTo: null,
      },
    ],
  };
  test('a change counts from its instant on, the past keeps its hours', () => {
    expect(told(schedule, 'finance', at('2026-11-23T09:59:59')).closesAt).toBe(
      '2026-11-23T10:00:00.000+03:30',
    );
    expect(told(schedule, 'finance', at('2026-11-23T10:00')).opensAt).toBe('2026-11-23T12:00:00.000+03:30');
    expect(told(schedule, 'finance', at('2026-11-16T15:00')).open).toBe(true);
    expect(told(schedule, 'finance', at('2026-11-30T15:00')).open).toBe(false);
  });
});

describe('exceptional openings', () => {
  const opening = (from: string, to: string, specialty: string | null = null): Opening => {
    return { specialty, startsAt: at(from).toMillis(), endsAt: at(to).toMillis() };
  };
  test('open a closed hour, for one specialty or all', () => {
    const one = { ...week([]), openings: [opening('2026-11-23T18:00', '2026-11-23T20:00', 'finance')] };
    expect(told(one, 'finance', at('2026-11-23T19:00'))).toMatchObject({ open: true, reason: 'opening' });
    expect(told(one, 'transport', at('2026-11-23T19:00'))).toMatchObject({ open: false, opensAt: null });
    const all = { ...week([]), openings: [opening('2026-11-23T18:00', '2026-11-23T20:00')] };
    expect(told(all, 'transport', at('2026-11-23T17:00')).opensAt).toBe('2026-11-23T18:00:00.000+03:30');
  });
  test('that begin when the regular hours end move the closing', () => {
    const schedule = {
      ...defaultSchedule(TEHRAN),
      openings: [opening('2026-11-23T16:00', '2026-11-23T18:00')],
    };
    expect(told(schedule, 'finance', at('2026-11-23T15:00'))).toMatchObject({
      reason: 'weekly',
      closesAt: '2026-11-23T18:00:00.000+03:30',
    });
  });
  test('that last for weeks stay one opening', () => {
    const schedule = {
      ...defaultSchedule(TEHRAN),
      openings: [opening('2026-11-01T00:00', '2027-01-01T00:00')],
    };
    expect(told(schedule, 'finance', at('2026-11-05T03:00')).closesAt).toBe('2027-01-01T00:00:00.000+03:30');
  });
});

describe('daylight saving', () => {
  test('a skipped hour is not there, a repeated one is there twice', () => {
    const berlin = week([[7, 150, 210]], 'Europe/Berlin');
    expect(told(berlin, 'finance', at('2026-03-29T01:59:59', 'Europe/Berlin')).opensAt).toBe(
      '2026-03-29T03:00:00.000+02:00',
    );
    const autumn = isOpen(berlin, 'finance', DateTime.fromISO('2026-10-25T00:35:00Z'));
    expect(autumn.open).toBe(true);
    expect(autumn.closesAt?.toUTC().toISO()).toBe('2026-10-25T01:00:00.000Z');
    expect(
      isOpen(berlin, 'finance', DateTime.fromISO('2026-10-25T01:45:00Z')).closesAt?.toUTC().toISO(),
    ).toBe('2026-10-25T02:30:00.000Z');
  });
});

describe('against the clock on the wall, minute by minute', () => {
  /** What a person with the plan on paper says: look at the clock, look at the plan. */
  function openOnTheWall(schedule: Schedule, specialty: string | null, ms: number): boolean {
    const wall = DateTime.fromMillis(ms, { zone: schedule.zone });
    const minute = wall.hour * 60 + wall.minute;
    const mine = (rule: { specialty: string | null }) =>
      specialty === null || rule.specialty === null || rule.specialty === specialty;
    return (
      schedule.openings.some((opening) => mine(opening) && opening.startsAt <= ms && ms < opening.endsAt) ||
      schedule.weekly.some((window) => {
        const counts = mine(window) && window.validFrom <= ms && ms < (window.validTo ?? Infinity);
        return (
          counts &&
          window.weekday === wall.weekday &&
          window.opensMinute <= minute &&
          minute < window.closesMinute
        );
      })
    );
  }

  // Days on which the zone's clock changes: at 02:00, at midnight both ways, by half an hour, and not at all.
  const days: [zone: string, day: string][] = [
    ['Asia/Tehran', '2026-03-20'],
    ['Asia/Tehran', '2020-03-20'],
    ['Asia/Tehran', '2020-09-20'],
    ['Europe/Berlin', '2026-03-28'],
    ['Europe/Berlin', '2026-10-24'],
    ['America/Havana', '2026-03-07'],
    ['America/Havana', '2026-10-31'],
    ['Australia/Lord_Howe', '2026-04-04'],
  ];
  const specialty = fc.constantFrom('finance', 'transport', null);
  // Coarse times make touching and whole-day windows common, which is where mistakes live.
  const minute = fc.oneof(
    fc.constantFrom(0, 60, 120, 150, 180, 1380, 1440),
    fc.integer({ min: 0, max: 1440 }),
  );
  const instant = fc.integer({ min: 0, max: 3 * 1440 });
  const span = (low: number, high: number): [number, number] => (low < high ? [low, high] : [high, low + 1]);

  function scheduleFrom(zone: string, start: number) {
    const ms = (offset: number) => start + offset * 60_000;
    const window = fc.tuple(
      specialty,
      fc.integer({ min: 1, max: 7 }),
      minute,
      minute,
      instant,
      fc.constantFrom('always', 'until', 'since'),
    );
    const weekly = window.map(([who, weekday, a, b, moment, validity]): WeeklyWindow => {
      const [opensMinute, closesMinute] = span(Math.min(a, 1439), Math.max(b, 1));
      const validFrom = validity === 'since' ? ms(moment) : 0;
      return {
        specialty: who,
        weekday,
        opensMinute,
        closesMinute: Math.min(closesMinute, 1440),
        validFrom,
        validTo: validity === 'until' ? ms(moment) : null,
      };
    });
    const opening = fc.tuple(specialty, instant, instant).map(([who, a, b]): Opening => {
      const [from, to] = span(a, b);
      return { specialty: who, startsAt: ms(from), endsAt: ms(to) };
    });
    return fc.record({
      zone: fc.constant(zone),
      weekly: fc.array(weekly, { maxLength: 12 }),
      openings: fc.array(opening, { maxLength: 2 }),
    });
  }

  test.each(days)('%s around %s', (zone, day) => {
    const start = DateTime.fromISO(day, { zone }).toMillis();
    const scenario = fc.tuple(scheduleFrom(zone, start), specialty, instant);
    fc.assert(
      fc.property(scenario, ([schedule, who, offset]) => {
        const now = start + offset * 60_000;
        const answer = isOpen(schedule, who, DateTime.fromMillis(now));
        const open = openOnTheWall(schedule, who, now);
        expect(answer.open).toBe(open);
        const change = (open ? answer.closesAt : answer.opensAt)?.toMillis() ?? Infinity;
        const end = now + 1440 * 60_000;
        for (let ms = now; ms < Math.min(change, end); ms += 60_000) {
          if (openOnTheWall(schedule, who, ms) !== open)
            throw new Error(`unnoticed change at ${DateTime.fromMillis(ms, { zone }).toISO()}`);
        }
        if (change < Infinity) expect(openOnTheWall(schedule, who, change)).toBe(!open);
      }),
      { numRuns: 60 },
    );
  });
});
