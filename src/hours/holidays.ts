import { jalaaliMonthLength, toGregorian, toJalaali, type GregorianDate } from 'jalaali-js';
import { DateTime } from 'luxon';

/**
 * Official holidays of the solar calendar: the same days every year, so they are computed. Those of the lunar calendar are
 * rows, since the moon may move them by a day. Pure.
 */

export interface SolarHoliday {
  /** ISO date, `2026-03-21`. */
  date: string;
  title: string;
}

/** Month and day of the solar year. */
const EVERY_YEAR: readonly [month: number, day: number, title: string][] = [
  [1, 1, 'نوروز'],
  [1, 2, 'تعطیلات نوروز'],
  [1, 3, 'تعطیلات نوروز'],
  [1, 4, 'تعطیلات نوروز'],
  [1, 12, 'روز جمهوری اسلامی'],
  [1, 13, 'روز طبیعت'],
  [3, 14, 'رحلت امام خمینی'],
  [3, 15, 'قیام ۱۵ خرداد'],
  [11, 22, 'پیروزی انقلاب اسلامی'],
  [12, 29, 'روز ملی شدن صنعت نفت'],
];
/** Only leap years have it. */
const LAST_MONTH = 12;
const LAST_OF_LEAP_YEAR: readonly [number, number, string] = [LAST_MONTH, 30, 'آخرین روز سال'];

/** year: solar, e.g. 1405. In order. */
export function solarHolidays(year: number): SolarHoliday[] {
  return [...EVERY_YEAR, LAST_OF_LEAP_YEAR].flatMap(([month, day, title]) => {
    if (day > jalaaliMonthLength(year, month)) return [];
    return [{ date: isoOf(toGregorian(year, month, day)), title }];
  });
}

/** The solar year of an instant in a zone. */
export function solarYearOf(atMs: number, zone: string): number {
  const { year, month, day } = DateTime.fromMillis(atMs, { zone });
  return toJalaali(year, month, day).jy;
}

/** First and last day of a solar year as ISO dates. */
export function solarYearBounds(year: number): { first: string; last: string } {
  const last = toGregorian(year, LAST_MONTH, jalaaliMonthLength(year, LAST_MONTH));
  return { first: isoOf(toGregorian(year, 1, 1)), last: isoOf(last) };
}

const isoOf = ({ gy, gm, gd }: GregorianDate): string => DateTime.utc(gy, gm, gd).toISODate() ?? '';
