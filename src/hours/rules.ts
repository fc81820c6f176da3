import { DateTime, IANAZone, type Zone } from 'luxon';

/**
 * When a specialty is open. Hours are wall-clock times of the clinic's zone: a window is open whenever the clock on the
 * wall shows a time inside it, so an hour that daylight saving repeats is open twice and one it skips is not there.
 * Holidays, closures and seasons will be more layers over `openSpans`; who asks will not notice.
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** No zone changes its offset twice within a stride, so comparing its two ends finds every change. */
const STRIDE = 8 * DAY;
/** How far answers look: further openings are "not known", later closings are "does not close". */
const LOOK_AHEAD = 366 * DAY;

/** Regular hours of one weekday. specialty null: every specialty. */
export interface WeeklyWindow {
  specialty: string | null;
  /** ISO: 1 = Monday … 7 = Sunday. */
  weekday: number;
  /** Minutes after midnight, 0–1439. */
  opensMinute: number;
  /** Minutes after midnight, larger than opensMinute; 1440 is 24:00. */
  closesMinute: number;
  /** From when these hours count, ms since the epoch. */
  validFrom: number;
  /** Until when (exclusive); null: still. */
  validTo: number | null;
}

/** An exceptional opening, whatever the regular hours say. specialty null: every specialty. Times: ms since the epoch. */
export interface Opening {
  specialty: string | null;
  startsAt: number;
  endsAt: number;
}

export interface Schedule {
  /** IANA name. */
  zone: string;
  weekly: readonly WeeklyWindow[];
  openings: readonly Opening[];
}

export interface HoursAnswer {
  open: boolean;
  /** weekly, opening: why open. outside-hours: closed. */
  reason: 'weekly' | 'opening' | 'outside-hours';
  /** Closed: when it opens next; null: not within a year. Open: null. In the schedule's zone. */
  opensAt: DateTime | null;
  /** Open: when it closes, adjacent windows taken together; null: not within a year. Closed: null. */
  closesAt: DateTime | null;
}

interface Span {
  start: number;
  end: number;
}

/** What a new installation has: every day from 8 to 16, every specialty. */
export function defaultSchedule(zone: string): Schedule {
  const days = [1, 2, 3, 4, 5, 6, 7];
  const weekly = days.map((weekday) => {
    return { specialty: null, weekday, opensMinute: 480, closesMinute: 960, validFrom: 0, validTo: null };
  });
  return { zone, weekly, openings: [] };
}

/** Is the specialty open at that instant? specialty null: is any of them. */
export function isOpen(schedule: Schedule, specialty: string | null, at: DateTime): HoursAnswer {
  const now = at.toMillis();
  const span = openSpans(schedule, specialty, now).next().value ?? null;
  if (span === null || span.start > now) {
    return {
      open: false,
      reason: 'outside-hours',
      opensAt: inZone(schedule, span?.start ?? null),
      closesAt: null,
    };
  }
  const byWeek = openSpans({ ...schedule, openings: [] }, specialty, now).next().value;
  const reason = byWeek !== undefined && byWeek.start <= now ? 'weekly' : 'opening';
  return { open: true, reason, opensAt: null, closesAt: inZone(schedule, span.end) };
}

/** The first instant after `after` at which the specialty (null: any) goes from closed to open; null: none within a year. */
export function nextOpening(schedule: Schedule, specialty: string | null, after: DateTime): DateTime | null {
  const now = after.toMillis();
  for (const span of openSpans(schedule, specialty, now)) {
    if (span.start > now) return inZone(schedule, span.start);
  }
  return null;
}

/**
 * Stretches of open time, ascending, none touching the next, cut off at `from`. A stretch that is still open at the end
 * of the look-ahead ends at Infinity.
 */
function* openSpans(schedule: Schedule, specialty: string | null, from: number): Generator<Span, undefined> {
  const mine = restrict(schedule, specialty);
  let current = null as Span | null;
  for (const stretch of evenStretches(IANAZone.create(schedule.zone), from, from + LOOK_AHEAD)) {
    for (const span of spansWithin(mine, stretch)) {
      if (current !== null && span.start > current.end) {
        yield current;
        current = null;
      }
      current = { start: current?.start ?? span.start, end: Math.max(current?.end ?? span.end, span.end) };
    }
    if (current !== null && current.end < stretch.end) {
      yield current;
      current = null;
    }
  }
  if (current !== null) yield { start: current.start, end: Infinity };
  return undefined;
}

function restrict(schedule: Schedule, specialty: string | null): Schedule {
  if (specialty === null) return schedule;
  const concerns = (rule: { specialty: string | null }) =>
    rule.specialty === null || rule.specialty === specialty;
  return {
    ...schedule,
    weekly: schedule.weekly.filter(concerns),
    openings: schedule.openings.filter(concerns),
  };
}

/** Cuts a span into pieces in which the zone's offset stays the same: there wall-clock arithmetic is plain addition. */
function* evenStretches(zone: Zone, from: number, to: number): Generator<Span & { offset: number }> {
  let start = from;
  while (start < to) {
    const offset = zone.offset(start) * MINUTE;
    const end = firstChange(zone, start, Math.min(start + STRIDE, to));
    yield { start, end, offset };
    start = end;
  }
}

/** The first instant in (start, end] whose offset differs from that at start, else end. */
function firstChange(zone: Zone, start: number, end: number): number {
  const offset = zone.offset(start);
  if (zone.offset(end) === offset) return end;
  let [before, after] = [start, end];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (zone.offset(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}

function spansWithin(schedule: Schedule, stretch: Span & { offset: number }): Span[] {
  const spans = schedule.openings.map((opening) => ({ start: opening.startsAt, end: opening.endsAt }));
  const lastDay = Math.floor((stretch.end - 1 + stretch.offset) / DAY);
  for (let day = Math.floor((stretch.start + stretch.offset) / DAY); day <= lastDay; day += 1) {
    const midnight = day * DAY - stretch.offset;
    for (const window of schedule.weekly) {
      if (window.weekday === weekdayOf(day)) spans.push(windowSpan(window, midnight));
    }
  }
  return spans
    .map(({ start, end }) => ({ start: Math.max(start, stretch.start), end: Math.min(end, stretch.end) }))
    .filter(({ start, end }) => start < end)
    .sort((a, b) => a.start - b.start);
}

function windowSpan(window: WeeklyWindow, midnight: number): Span {
  return {
    start: Math.max(midnight + window.opensMinute * MINUTE, window.validFrom),
    end: Math.min(midnight + window.closesMinute * MINUTE, window.validTo ?? Infinity),
  };
}

/** day: days since 1970-01-01, which was a Thursday. */
function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

function inZone(schedule: Schedule, at: number | null): DateTime | null {
  return at === null || at === Infinity ? null : DateTime.fromMillis(at, { zone: schedule.zone });
}
