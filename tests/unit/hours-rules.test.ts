import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import {
  addWorkingSeconds,
  defaultSchedule,
  isOpen,
  nextOpening,
  type Opening,
  type Schedule,
  type WeeklyWindow,
  workingSecondsBetween,
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
  return { ...defaultSchedule(zone), weekly };
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
      specialties: ['finance', 'transport'],
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

describe('seasons', () => {
  const days = (from: string, to: string) => ({ startsAt: at(from).toMillis(), endsAt: at(to).toMillis() });
  const every = (opensMinute: number, closesMinute: number) =>
    [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opensMinute, closesMinute }));
  const ramadan = { specialty: null, ...days('2026-11-20', '2026-11-27'), windows: every(540, 840) };
  const schedule: Schedule = { ...defaultSchedule(TEHRAN), seasons: [ramadan] };

  test('replace the regular hours for as long as they last', () => {
    expect(told(schedule, 'finance', at('2026-11-23T08:30')).opensAt).toBe('2026-11-23T09:00:00.000+03:30');
    expect(told(schedule, 'finance', at('2026-11-23T10:00'))).toMatchObject({
      ...{ reason: 'season', closesAt: '2026-11-23T14:00:00.000+03:30' },
    });
    expect(told(schedule, 'finance', at('2026-11-27T15:00'))).toMatchObject({ open: true, reason: 'weekly' });
  });

  test('of one specialty go before one of all', () => {
    const own = { ...ramadan, specialty: 'finance', windows: every(600, 660) };
    const both = { ...schedule, seasons: [ramadan, own] };
    expect(told(both, 'finance', at('2026-11-23T09:30')).opensAt).toBe('2026-11-23T10:00:00.000+03:30');
    expect(told(both, 'transport', at('2026-11-23T09:30')).open).toBe(true);
  });

  test('without a week are closed throughout', () => {
    const nowruz = { ...schedule, seasons: [{ ...ramadan, windows: [] }] };
    expect(told(nowruz, 'finance', at('2026-11-23T10:00')).opensAt).toBe('2026-11-27T08:00:00.000+03:30');
  });
});

describe('holidays', () => {
  const holiday = {
    title: 'عید',
    startsAt: at('2026-11-23').toMillis(),
    endsAt: at('2026-11-24').toMillis(),
  };
  const switched = (closedOnHolidays: Schedule['closedOnHolidays']): Schedule => ({
    ...{ ...defaultSchedule(TEHRAN), specialties: ['finance', 'transport'] },
    ...{ holidays: [holiday], closedOnHolidays },
  });
  const on = switched([{ start: 0, end: Infinity }]);

  test('close from midnight to midnight, and are named', () => {
    for (const specialty of ['finance', null])
      expect(isOpen(on, specialty, at('2026-11-23T10:00'))).toMatchObject({
        ...{ open: false, reason: 'holiday', holiday: 'عید', closure: null },
        opensAt: at('2026-11-24T08:00'),
      });
    expect(told(on, 'finance', at('2026-11-22T17:00')).opensAt).toBe('2026-11-24T08:00:00.000+03:30');
  });

  test('do not close where the switch is off, or while it was', () => {
    expect(told(switched([]), 'finance', at('2026-11-23T10:00')).open).toBe(true);
    const from = switched([{ start: at('2026-11-23T12:00').toMillis(), end: Infinity }]);
    expect(told(from, 'finance', at('2026-11-23T10:00')).closesAt).toBe('2026-11-23T12:00:00.000+03:30');
  });

  test('give way to an exceptional opening', () => {
    const opening = { specialty: null, startsAt: at('2026-11-23T09:00').toMillis() };
    const open = { ...on, openings: [{ ...opening, endsAt: at('2026-11-23T11:00').toMillis() }] };
    expect(told(open, 'finance', at('2026-11-23T10:00'))).toMatchObject({ open: true, reason: 'opening' });
  });
});

describe('closures', () => {
  const closure = (specialty: string | null, from: string, endsAt: number) => ({
    ...{ specialty, startsAt: at(from).toMillis(), endsAt, kind: 'snow' as const },
  });
  const noon = at('2026-11-23T12:00').toMillis();
  const base: Schedule = { ...defaultSchedule(TEHRAN), specialties: ['finance', 'transport'] };

  test('go before everything, exceptional openings too', () => {
    const opening = { specialty: null, startsAt: 0, endsAt: Infinity };
    const schedule = {
      ...{ ...base, openings: [opening] },
      closures: [closure(null, '2026-11-23T09:00', noon)],
    };
    expect(isOpen(schedule, 'finance', at('2026-11-23T10:00'))).toMatchObject({
      ...{ open: false, reason: 'closure', closure: 'snow', opensAt: at('2026-11-23T12:00') },
    });
    expect(told(schedule, 'finance', at('2026-11-23T08:00')).closesAt).toBe('2026-11-23T09:00:00.000+03:30');
  });

  test('without an end promise no opening', () => {
    const schedule = { ...base, closures: [closure(null, '2026-11-23T09:00', Infinity)] };
    expect(told(schedule, 'finance', at('2026-11-23T10:00'))).toMatchObject({
      reason: 'closure',
      opensAt: null,
    });
  });

  test('of one specialty are not the clinic’s', () => {
    const schedule = { ...base, closures: [closure('finance', '2026-11-23T09:00', noon)] };
    expect(told(schedule, 'finance', at('2026-11-23T10:00')).reason).toBe('closure');
    expect(told(schedule, null, at('2026-11-23T10:00'))).toMatchObject({ open: true, reason: 'weekly' });
    // After hours one of the two is just closed.
    const late = { ...base, closures: [closure('finance', '2026-11-23T09:00', noon + 86_400_000)] };
    expect(told(late, null, at('2026-11-23T20:00')).reason).toBe('outside-hours');
  });
});

describe('working time', () => {
  const schedule = defaultSchedule(TEHRAN);
  const between = (from: string, to: string) => workingSecondsBetween(schedule, 'finance', at(from), at(to));

  test('counts open seconds only', () => {
    expect(between('2026-11-23T07:00', '2026-11-23T09:00')).toBe(3600);
    expect(between('2026-11-23T15:00', '2026-11-24T09:00')).toBe(7200);
    expect(between('2026-11-23T17:00', '2026-11-24T07:00')).toBe(0);
    expect(between('2026-11-24T09:00', '2026-11-23T09:00')).toBe(0);
    expect(between('2024-11-23T00:00', '2026-11-23T00:00')).toBe(730 * 8 * 3600);
  });

  test('is added over nights', () => {
    const add = (from: string, seconds: number) =>
      addWorkingSeconds(schedule, 'finance', at(from), seconds)?.toISO();
    expect(add('2026-11-23T15:00', 3600)).toBe('2026-11-23T16:00:00.000+03:30');
    expect(add('2026-11-23T15:00', 3601)).toBe('2026-11-24T08:00:01.000+03:30');
    expect(add('2026-11-23T20:00', 0)).toBe('2026-11-23T20:00:00.000+03:30');
    expect(add('2026-11-23T20:00', 5 * 8 * 3600)).toBe('2026-11-28T16:00:00.000+03:30');
  });

  test('that a year does not have has no end', () => {
    expect(addWorkingSeconds(week([]), 'finance', at('2026-11-23T20:00'), 1)).toBeNull();
  });
});

describe('against the clock on the wall, minute by minute', () => {
  const DAYS = 4;
  const MINUTES = DAYS * 1440;
  type Rule = { specialty: string | null };
  type Wall = { weekday: number; minute: number };

  /** The wall clock of each minute from `start` on: what the oracle reads instead of computing anything. */
  function readWall(zone: string, start: number): Wall[] {
    return Array.from({ length: MINUTES + 1 }, (_, n) => {
      const { weekday, hour, minute } = DateTime.fromMillis(start + n * 60_000, { zone });
      return { weekday, minute: hour * 60 + minute };
    });
  }

  /** What a person with the plan on paper says: look at the clock, look at the plan, from the last layer to the first. */
  function openOnTheWall(schedule: Schedule, specialty: string | null, ms: number, wall: Wall): boolean {
    if (specialty === null) return schedule.specialties.some((one) => openOnTheWall(schedule, one, ms, wall));
    const mine = (rule: Rule) => rule.specialty === null || rule.specialty === specialty;
    const lasts = (rule: { startsAt: number; endsAt: number }) => rule.startsAt <= ms && ms < rule.endsAt;
    const shows = (window: { weekday: number; opensMinute: number; closesMinute: number }) =>
      window.weekday === wall.weekday &&
      window.opensMinute <= wall.minute &&
      wall.minute < window.closesMinute;
    if (schedule.closures.some((closure) => mine(closure) && lasts(closure))) return false;
    if (schedule.openings.some((opening) => mine(opening) && lasts(opening))) return true;
    const closes = schedule.closedOnHolidays.some(({ start, end }) => start <= ms && ms < end);
    if (closes && schedule.holidays.some(lasts)) return false;
    const seasons = schedule.seasons.filter((season) => mine(season) && lasts(season));
    const own = seasons.filter((season) => season.specialty === specialty);
    if (seasons.length > 0)
      return (own.length > 0 ? own : seasons).some((season) => season.windows.some(shows));
    return schedule.weekly.some(
      (window) =>
        mine(window) && window.validFrom <= ms && ms < (window.validTo ?? Infinity) && shows(window),
    );
  }

  // Days around which the zone's clock changes: at 02:00, at midnight both ways, by half an hour, and not at all.
  const places: [zone: string, day: string][] = [
    ['Asia/Tehran', '2026-03-20'],
    ['Asia/Tehran', '2020-03-20'],
    ['Asia/Tehran', '2020-09-20'],
    ['Europe/Berlin', '2026-03-28'],
    ['Europe/Berlin', '2026-10-24'],
    ['America/Havana', '2026-03-07'],
    ['America/Havana', '2026-10-31'],
    ['Australia/Lord_Howe', '2026-04-04'],
  ];
  const CASES = 10_000;
  const scope = fc.constantFrom('finance', 'transport', null);
  // Coarse times make touching and whole-day windows common, which is where mistakes live.
  const minute = fc.oneof(
    fc.constantFrom(0, 60, 120, 150, 180, 1380, 1440),
    fc.integer({ min: 0, max: 1440 }),
  );
  const instant = fc.integer({ min: 0, max: MINUTES });
  const span = (low: number, high: number): [number, number] => (low < high ? [low, high] : [high, low + 1]);
  const dayWindow = fc.tuple(fc.integer({ min: 1, max: 7 }), minute, minute).map(([weekday, a, b]) => {
    const [opensMinute, closesMinute] = span(Math.min(a, 1439), Math.max(b, 1));
    return { weekday, opensMinute, closesMinute: Math.min(closesMinute, 1440) };
  });

  function scheduleFrom(zone: string, start: number): fc.Arbitrary<Schedule> {
    const ms = (offset: number) => start + offset * 60_000;
    const midnight = (day: number) => DateTime.fromMillis(start, { zone }).plus({ days: day }).toMillis();
    const window = fc.tuple(scope, dayWindow, instant, fc.constantFrom('always', 'until', 'since'));
    const weekly = window.map(([specialty, day, moment, validity]): WeeklyWindow => {
      const validFrom = validity === 'since' ? ms(moment) : 0;
      return { specialty, ...day, validFrom, validTo: validity === 'until' ? ms(moment) : null };
    });
    const period = fc.tuple(scope, instant, instant).map(([specialty, a, b]): Opening => {
      const [from, to] = span(a, b);
      return { specialty, startsAt: ms(from), endsAt: ms(to) };
    });
    const days = fc.tuple(fc.nat(DAYS - 1), fc.nat(DAYS - 1)).map(([a, b]) => {
      const [first, last] = a < b ? [a, b] : [b, a];
      return { startsAt: midnight(first), endsAt: midnight(last + 1) };
    });
    const season = fc
      .tuple(scope, days, fc.array(dayWindow, { maxLength: 5 }))
      .map(([specialty, when, windows]) => ({ specialty, ...when, windows }));
    return fc.record({
      ...{ zone: fc.constant(zone), specialties: fc.constant(['finance', 'transport']) },
      weekly: fc.array(weekly, { maxLength: 12 }),
      seasons: fc.array(season, { maxLength: 2 }),
      holidays: fc.array(
        days.map((when) => ({ ...when, title: '' })),
        { maxLength: 2 },
      ),
      closedOnHolidays: fc.constantFrom(
        ...[[], [{ start: 0, end: Infinity }], [{ start: ms(1500), end: ms(3000) }]],
      ),
      openings: fc.array(period, { maxLength: 2 }),
      closures: fc.array(
        period.map((one) => ({ ...one, kind: 'snow' as const })),
        { maxLength: 1 },
      ),
    });
  }

  test.each(places)(
    '%s around %s',
    (zone, day) => {
      const start = DateTime.fromISO(day, { zone }).toMillis();
      const wall = readWall(zone, start);
      const scenario = fc.tuple(
        scheduleFrom(zone, start),
        scope,
        instant,
        instant,
        fc.double({ min: 0, max: 1, noNaN: true }),
      );
      fc.assert(
        fc.property(scenario, ([schedule, specialty, a, b, share]) => {
          const [from, to] = a < b ? [a, b] : [b, a];
          const time = (n: number) => DateTime.fromMillis(start + n * 60_000, { zone });
          const open = Array.from({ length: MINUTES }, (_, n) =>
            openOnTheWall(schedule, specialty, start + n * 60_000, wall[n]!),
          );
          const answer = isOpen(schedule, specialty, time(Math.min(from, MINUTES - 1)));
          const now = Math.min(from, MINUTES - 1);
          expect(answer.open).toBe(open[now]);
          // The next change, as far as the paper goes.
          const change = (answer.open ? answer.closesAt : answer.opensAt)?.toMillis() ?? Infinity;
          const seen = open.findIndex((state, n) => n > now && state !== open[now]);
          if (seen >= 0) expect(change).toBe(start + seen * 60_000);
          else expect(change).toBeGreaterThanOrEqual(start + MINUTES * 60_000);
          // Working time.
          const minutes = open.slice(from, to).filter(Boolean).length;
          expect(workingSecondsBetween(schedule, specialty, time(from), time(to))).toBe(minutes * 60);
          const wanted = Math.floor(share * minutes);
          if (wanted === 0) return;
          const reached = addWorkingSeconds(schedule, specialty, time(from), wanted * 60);
          let left = wanted;
          const last = open.findIndex((state, n) => n >= from && state && (left -= 1) === 0);
          expect(reached?.toMillis()).toBe(start + (last + 1) * 60_000);
        }),
        { numRuns: CASES / places.length },
      );
    },
    120_000,
  );
});

describe('over midnight in Tehran', () => {
  // Open all of Sunday and nothing else. Tehran's midnight is 20:30 in UTC: the day is that of the place, not of the machine.
  const sunday = week([[7, 0, 1440]]);

  test.each([
    ['2026-11-28T20:29:59.999Z', false],
    ['2026-11-28T20:30:00.000Z', true],
    ['2026-11-28T23:59:59.999Z', true],
    ['2026-11-29T00:00:00.000Z', true],
    ['2026-11-29T20:29:59.999Z', true],
    ['2026-11-29T20:30:00.000Z', false],
  ])('%s is in Sunday: %s', (instant, open) => {
    expect(isOpen(sunday, null, DateTime.fromISO(instant, { zone: TEHRAN })).open).toBe(open);
  });

  test('the next opening before midnight is at midnight', () => {
    const late = at('2026-11-28T23:59:59');
    expect(told(sunday, null, late).opensAt).toBe('2026-11-29T00:00:00.000+03:30');
  });
});
