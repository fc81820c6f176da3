import { describe, expect, test } from 'vitest';
import { faultsOfWeek, minuteOfDay } from '../../src/hours/week.ts';

const window = (weekday: number, opens: string, closes: string) => ({ weekday, opens, closes });

describe('a written week', () => {
  test('times are minutes after midnight', () => {
    expect([minuteOfDay('00:00'), minuteOfDay('08:30'), minuteOfDay('24:00')]).toEqual([0, 510, 1440]);
  });

  test.each([
    ['nothing at all', []],
    ['one window', [window(1, '08:00', '16:00')]],
    ['windows that touch', [window(1, '12:00', '16:00'), window(1, '08:00', '12:00')]],
    ['the same times on two days', [window(1, '08:00', '16:00'), window(2, '08:00', '16:00')]],
    ['a night in two windows', [window(1, '22:00', '24:00'), window(2, '00:00', '06:00')]],
  ])('%s is fine', (_name, week) => {
    expect(faultsOfWeek(week)).toEqual([]);
  });

  test('reversed and empty windows are named by their place', () => {
    const faults = faultsOfWeek([
      window(1, '08:00', '16:00'),
      window(2, '22:00', '06:00'),
      window(3, '09:00', '09:00'),
    ]);
    expect(faults.map(({ index }) => index)).toEqual([1, 2]);
    expect(faults[0]?.detail).toContain('closes at 06:00, not after 22:00');
  });

  test('an overlap names both windows, also past a short one in between', () => {
    expect(faultsOfWeek([window(1, '08:00', '16:00'), window(1, '15:59', '18:00')])).toEqual([
      { index: 1, detail: 'overlaps window 0, 08:00 to 16:00' },
    ]);
    const faults = faultsOfWeek([
      window(4, '08:00', '16:00'),
      window(4, '09:00', '10:00'),
      window(4, '11:00', '12:00'),
    ]);
    expect(faults.map(({ index }) => index)).toEqual([1, 2]);
  });
});
