import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { solarHolidays, solarYearBounds, solarYearOf } from '../../src/hours/holidays.ts';

/** Node's own Persian calendar is the other opinion. */
const solar = new Intl.DateTimeFormat('en-u-ca-persian-nu-latn', {
  ...{ year: 'numeric', month: 'numeric', day: 'numeric', timeZone: 'UTC' },
});
const solarDate = (iso: string): string => {
  const parts = Object.fromEntries(
    solar.formatToParts(new Date(`${iso}T12:00:00Z`)).map(({ type, value }) => [type, value]),
  );
  return `${parts['year']}-${parts['month']}-${parts['day']}`;
};

describe('holidays of the solar calendar', () => {
  test('are the same days every year', () => {
    const days = ['1-1', '1-2', '1-3', '1-4', '1-12', '1-13', '3-14', '3-15', '11-22', '12-29'];
    for (let year = 1380; year <= 1450; year += 1) {
      const dates = solarHolidays(year).map(({ date }) => solarDate(date));
      expect(dates.slice(0, 10)).toEqual(days.map((day) => `${year}-${day}`));
      // A leap year ends a day later, and that day is one too.
      const ends = solarDate(solarYearBounds(year).last) === `${year}-12-30`;
      expect(dates.slice(10)).toEqual(ends ? [`${year}-12-30`] : []);
    }
  });

  test('of 1405', () => {
    expect(solarHolidays(1405).map(({ date }) => date)).toEqual([
      ...['2026-03-21', '2026-03-22', '2026-03-23', '2026-03-24', '2026-04-01', '2026-04-02'],
      ...['2026-06-04', '2026-06-05', '2027-02-11', '2027-03-20'],
    ]);
  });
});

test('a solar year begins at midnight of its place', () => {
  const before = DateTime.fromISO('2026-03-20T23:59:59', { zone: 'Asia/Tehran' }).toMillis();
  expect(solarYearOf(before, 'Asia/Tehran')).toBe(1404);
  expect(solarYearOf(before + 1000, 'Asia/Tehran')).toBe(1405);
  expect(solarYearOf(before + 1000, 'Etc/UTC')).toBe(1404);
  expect(solarYearBounds(1405)).toEqual({ first: '2026-03-21', last: '2027-03-20' });
});
