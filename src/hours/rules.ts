import { DateTime } from 'luxon';
import { holds, union, within, without, type Span } from './spans.ts';
import { evenStretches, spansOf, type DayWindow, type Stretch } from './wall.ts';

/**
 * When a specialty is open. Layers, each over the ones before it:
 *
 *   regular hours ← seasons (Ramadan) replace them ← official holidays close ← exceptional openings open ← closures close
 *
 * A closure wins over everything: it is declared when nobody can come (snow, polluted air). Pure.
 */

const DAY = 24 * 60 * 60_000;
/** How far answers look: further openings are "not known", later closings are "does not close". */
const LOOK_AHEAD = 366 * DAY;

/** specialty null: every specialty. */
interface Rule {
  specialty: string | null;
}

/** Regular hours of one weekday. */
export interface WeeklyWindow extends Rule, DayWindow {
  /** From when these hours count, ms since the epoch. */
  validFrom: number;
  /** Until when (exclusive); null: still. */
  validTo: number | null;
}

/** startsAt, endsAt: ms since the epoch; endsAt may be Infinity. */
interface Period extends Rule {
  startsAt: number;
  endsAt: number;
}

/** Other hours than the regular ones for a while. Of two at once the one of this specialty counts, not that of all. */
export interface Season extends Period {
  windows: readonly DayWindow[];
}

export const CLOSURE_KINDS = ['air-pollution', 'snow', 'emergency', 'other'] as const;
export type ClosureKind = (typeof CLOSURE_KINDS)[number];

/** Closed on the spot. kind: what citizens are told. */
export interface Closure extends Period {
  kind: ClosureKind;
}

/** An exceptional opening. */
export type Opening = Period;

/** An official holiday, from midnight to midnight of the zone. */
export interface Holiday {
  startsAt: number;
  endsAt: number;
  title: string;
}

export interface Schedule {
  /** IANA name. */
  zone: string;
  /** Every specialty there is: "is any of them open?" asks each. */
  specialties: readonly string[];
  weekly: readonly WeeklyWindow[];
  seasons: readonly Season[];
  holidays: readonly Holiday[];
  /** When official holidays close: a switch, with its history. */
  closedOnHolidays: readonly Span[];
  openings: readonly Opening[];
  closures: readonly Closure[];
}

export interface HoursAnswer {
  open: boolean;
  /** weekly, season, opening: why open. outside-hours, holiday, closure: why closed. */
  reason: 'weekly' | 'season' | 'opening' | 'outside-hours' | 'holiday' | 'closure';
  /** Of a closure what citizens are told; null otherwise. */
  closure: ClosureKind | null;
  /** The holiday's name; null otherwise. */
  holiday: string | null;
  /** Closed: when it opens next; null: not within a year. Open: null. In the schedule's zone. */
  opensAt: DateTime | null;
  /** Open: when it closes, adjacent windows taken together; null: not within a year. Closed: null. */
  closesAt: DateTime | null;
}

/** What a new installation has: every day from 8 to 16, every specialty, on holidays too. */
export function defaultSchedule(zone: string): Schedule {
  const weekly = [1, 2, 3, 4, 5, 6, 7].map((weekday) => {
    return { specialty: null, weekday, opensMinute: 480, closesMinute: 960, validFrom: 0, validTo: null };
  });
  const none = { seasons: [], holidays: [], closedOnHolidays: [], openings: [], closures: [] };
  return { zone, specialties: [], weekly, ...none };
}

/** Is the specialty open at that instant? specialty null: is any of them. */
export function isOpen(schedule: Schedule, specialty: string | null, at: DateTime): HoursAnswer {
  const now = at.toMillis();
  const span = openSpans(schedule, specialty, { start: now, end: now + LOOK_AHEAD }).next().value ?? null;
  const open = span !== null && span.start <= now;
  return {
    open,
    ...whyAt(schedule, specialty, now, open),
    opensAt: open ? null : inZone(schedule, span?.start ?? null),
    closesAt: open ? inZone(schedule, span.end === now + LOOK_AHEAD ? null : span.end) : null,
  };
}

/** The first instant after `after` at which the specialty (null: any) goes from closed to open; null: none within a year. */
export function nextOpening(schedule: Schedule, specialty: string | null, after: DateTime): DateTime | null {
  const now = after.toMillis();
  for (const { start } of openSpans(schedule, specialty, { start: now, end: now + LOOK_AHEAD }))
    if (start > now) return inZone(schedule, start);
  return null;
}

/** Open seconds between two instants, however far apart; 0 where the second is not after the first. */
export function workingSecondsBetween(
  schedule: Schedule,
  specialty: string | null,
  from: DateTime,
  to: DateTime,
): number {
  const bounds = { start: from.toMillis(), end: to.toMillis() };
  let ms = 0;
  for (const { start, end } of openSpans(schedule, specialty, bounds)) ms += end - start;
  return ms / 1000;
}

/**
 * The first instant by which so many open seconds have passed since `from`; `from` itself for 0. null: the year after `from`
 * has fewer.
 */
export function addWorkingSeconds(
  schedule: Schedule,
  specialty: string | null,
  from: DateTime,
  seconds: number,
): DateTime | null {
  const now = from.toMillis();
  let left = seconds * 1000;
  if (left <= 0) return inZone(schedule, now);
  for (const { start, end } of openSpans(schedule, specialty, { start: now, end: now + LOOK_AHEAD })) {
    if (left <= end - start) return inZone(schedule, start + left);
    left -= end - start;
  }
  return null;
}

/** Stretches of open time within the bounds, ascending, none touching the next. */
function* openSpans(schedule: Schedule, specialty: string | null, bounds: Span): Generator<Span, undefined> {
  const scopes = scopesOf(schedule, specialty);
  let current = null as Span | null;
  for (const stretch of evenStretches(schedule.zone, bounds)) {
    for (const span of union(scopes.flatMap((scope) => openWithin(scope, stretch)))) {
      if (current !== null && span.start > current.end) {
        yield current;
        current = null;
      }
      current = { start: current?.start ?? span.start, end: span.end };
    }
    if (current !== null && current.end < stretch.end) {
      yield current;
      current = null;
    }
  }
  if (current !== null) yield current;
  return undefined;
}

/** A schedule that holds only what concerns one specialty. */
type Scope = Schedule;

function scopesOf(schedule: Schedule, specialty: string | null): Scope[] {
  const asked = specialty === null ? schedule.specialties : [specialty];
  // Nobody knows which there are: what concerns all of them.
  return (asked.length > 0 ? asked : [null]).map((one) => {
    const concerns = (rule: Rule) => rule.specialty === null || rule.specialty === one;
    return {
      ...schedule,
      weekly: schedule.weekly.filter(concerns),
      seasons: schedule.seasons.filter(concerns),
      openings: schedule.openings.filter(concerns),
      closures: schedule.closures.filter(concerns),
    };
  });
}

function openWithin(scope: Scope, stretch: Stretch): Span[] {
  const { byWeek, bySeason } = plannedWithin(scope, stretch);
  const planned = without([...byWeek, ...bySeason], holidaysOf(scope));
  const opened = [...planned, ...scope.openings.map(spanOf)];
  return within(without(opened, scope.closures.map(spanOf)), stretch);
}

/** The regular hours, and those of the seasons in their place. */
function plannedWithin(scope: Scope, stretch: Stretch): { byWeek: Span[]; bySeason: Span[] } {
  const own = scope.seasons.filter(({ specialty }) => specialty !== null);
  const everybody = scope.seasons.filter(({ specialty }) => specialty === null);
  const regular = spansOf(scope.weekly, stretch).flatMap(({ window, span }) =>
    within([span], { start: window.validFrom, end: window.validTo ?? Infinity }),
  );
  return {
    byWeek: without(regular, scope.seasons.map(spanOf)),
    bySeason: [
      ...own.flatMap((season) => seasonWithin(season, stretch)),
      ...without(
        everybody.flatMap((season) => seasonWithin(season, stretch)),
        own.map(spanOf),
      ),
    ],
  };
}

const seasonWithin = (season: Season, stretch: Stretch): Span[] =>
  within(
    spansOf(season.windows, stretch).map(({ span }) => span),
    spanOf(season),
  );

const spanOf = ({ startsAt, endsAt }: { startsAt: number; endsAt: number }): Span => ({
  start: startsAt,
  end: endsAt,
});

const holidaysOf = ({ holidays, closedOnHolidays }: Schedule): Span[] =>
  holidays.flatMap((holiday) => within(closedOnHolidays, spanOf(holiday)));

type Why = Pick<HoursAnswer, 'reason' | 'closure' | 'holiday'>;

function whyAt(schedule: Schedule, specialty: string | null, at: number, open: boolean): Why {
  const scopes = scopesOf(schedule, specialty);
  const [stretch] = [...evenStretches(schedule.zone, { start: at, end: at + 1 })];
  const plain = (reason: HoursAnswer['reason']): Why => ({ reason, closure: null, holiday: null });
  if (stretch === undefined) return plain('outside-hours');
  if (open) {
    const scope = scopes.find((one) => holds(openWithin(one, stretch), at)) ?? schedule;
    const { byWeek, bySeason } = plannedWithin(scope, stretch);
    if (holds(without([...byWeek, ...bySeason], holidaysOf(scope)), at))
      return plain(holds(byWeek, at) ? 'weekly' : 'season');
    return plain('opening');
  }
  // Told only where it is so for every specialty that was asked for.
  const closures = scopes.map((scope) => scope.closures.findLast((closure) => holds([spanOf(closure)], at)));
  const [closure] = closures;
  if (closure !== undefined && closures.every((one) => one !== undefined))
    return { ...plain('closure'), closure: closure.kind };
  const holiday = schedule.holidays.find((one) => holds(within(schedule.closedOnHolidays, spanOf(one)), at));
  return holiday === undefined ? plain('outside-hours') : { ...plain('holiday'), holiday: holiday.title };
}

function inZone(schedule: Schedule, at: number | null): DateTime | null {
  return at === null || at === Infinity ? null : DateTime.fromMillis(at, { zone: schedule.zone });
}
