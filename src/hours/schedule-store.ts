import { DateTime } from 'luxon';
import { query, type Queryable } from '../platform/sql.ts';
import { solarHolidays, solarYearOf } from './holidays.ts';
import type { ClosureKind, Holiday, Schedule, Season, WeeklyWindow } from './rules.ts';

/** Everything the rules need, read whole: past versions included, since a clock may be asked about the past. */

interface WeeklyColumns {
  specialty: string;
  weekday: number;
  opens_minute: number;
  closes_minute: number;
  valid_from: Date;
  valid_to: Date | null;
}

interface SeasonColumns {
  id: string;
  specialty: string | null;
  starts_on: string;
  ends_on: string;
  created_at: Date;
  cancelled_at: Date | null;
  weekday: number | null;
  opens_minute: number | null;
  closes_minute: number | null;
}

interface PeriodColumns {
  specialty: string | null;
  starts_at: Date;
  ends_at: Date | null;
}

/** Solar years for which holidays are computed, around the present one. */
const [YEARS_BACK, YEARS_AHEAD] = [5, 2];

/** nowMs: the present, milliseconds since the epoch. */
export async function readSchedule(db: Queryable, zone: string, nowMs: number): Promise<Schedule> {
  const specialties = await query<{ key: string }>(db, 'hours/all-specialties');
  const weekly = await query<WeeklyColumns>(db, 'hours/all-weekly');
  const seasons = await query<SeasonColumns>(db, 'hours/all-seasons');
  const holidays = await query<{ date: string; title: string }>(db, 'hours/all-holidays');
  const closing = await query<{ valid_from: Date; valid_to: Date | null }>(db, 'hours/all-holiday-closing');
  const openings = await query<PeriodColumns>(db, 'hours/all-openings');
  const closures = await query<PeriodColumns & { kind: ClosureKind }>(db, 'hours/all-closures');
  return {
    zone,
    specialties: specialties.map(({ key }) => key),
    weekly: weekly.map(toWindow),
    seasons: toSeasons(seasons, zone),
    holidays: [...computed(zone, nowMs), ...holidays].map((holiday) => toHoliday(holiday, zone)),
    closedOnHolidays: closing.map(({ valid_from, valid_to }) => ({
      ...{ start: valid_from.getTime(), end: valid_to?.getTime() ?? Infinity },
    })),
    openings: openings.map(toPeriod),
    closures: closures.map((closure) => ({ ...toPeriod(closure), kind: closure.kind })),
  };
}

function toWindow(row: WeeklyColumns): WeeklyWindow {
  return {
    ...{ specialty: row.specialty, weekday: row.weekday },
    ...{ opensMinute: row.opens_minute, closesMinute: row.closes_minute },
    ...{ validFrom: row.valid_from.getTime(), validTo: row.valid_to?.getTime() ?? null },
  };
}

function toSeasons(rows: readonly SeasonColumns[], zone: string): Season[] {
  const seasons = new Map<string, Season & { windows: Season['windows'][number][] }>();
  for (const row of rows) {
    const whole = daysOf(row.starts_on, row.ends_on, zone);
    const startsAt = Math.max(whole.startsAt, row.created_at.getTime());
    const endsAt = Math.min(whole.endsAt, row.cancelled_at?.getTime() ?? Infinity);
    const season = seasons.get(row.id) ?? { startsAt, endsAt, specialty: row.specialty, windows: [] };
    seasons.set(row.id, season);
    const { weekday, opens_minute: opensMinute, closes_minute: closesMinute } = row;
    if (weekday !== null && opensMinute !== null && closesMinute !== null)
      season.windows.push({ weekday, opensMinute, closesMinute });
  }
  return [...seasons.values()].filter(({ startsAt, endsAt }) => startsAt < endsAt);
}

function computed(zone: string, nowMs: number): { date: string; title: string }[] {
  const year = solarYearOf(nowMs, zone);
  const years = Array.from({ length: YEARS_BACK + 1 + YEARS_AHEAD }, (_, n) => year - YEARS_BACK + n);
  return years.flatMap(solarHolidays);
}

const toHoliday = ({ date, title }: { date: string; title: string }, zone: string): Holiday => ({
  ...daysOf(date, date, zone),
  title,
});

/** From the first day's midnight to the one after the last day. */
function daysOf(first: string, last: string, zone: string): { startsAt: number; endsAt: number } {
  const start = DateTime.fromISO(first, { zone }).startOf('day');
  const end = DateTime.fromISO(last, { zone }).startOf('day').plus({ days: 1 });
  return { startsAt: start.toMillis(), endsAt: end.toMillis() };
}

const toPeriod = ({ specialty, starts_at, ends_at }: PeriodColumns) => ({
  specialty,
  startsAt: starts_at.getTime(),
  endsAt: ends_at?.getTime() ?? Infinity,
});
