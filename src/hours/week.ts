/** A week of regular hours as people write it, and what can be wrong with it. Pure. */

/** One window of a weekday. Times are `HH:MM`, closes up to `24:00`. weekday: ISO, 1 = Monday … 7 = Sunday. */
export interface WeekWindow {
  weekday: number;
  opens: string;
  closes: string;
}

/** `08:30` → 510, `24:00` → 1440 (minutes after midnight). The form must have been checked before. */
export function minuteOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** A week as columns side by side, an element a window, as the statements take it. */
export const weekColumns = (week: readonly WeekWindow[]): [number[], string[], string[]] => [
  week.map(({ weekday }) => weekday),
  week.map(({ opens }) => opens),
  week.map(({ closes }) => closes),
];

export interface WeekFault {
  /** The place of the window in the list. */
  index: number;
  detail: string;
}

/**
 * What keeps a week from being used: closing not after opening, or two windows of a day that overlap. Windows that
 * touch are fine: they are one opening. Empty: nothing is wrong.
 */
export function faultsOfWeek(week: readonly WeekWindow[]): WeekFault[] {
  const windows = week.map((window, index) => {
    return { ...window, index, from: minuteOfDay(window.opens), to: minuteOfDay(window.closes) };
  });
  const faults = windows
    .filter(({ from, to }) => to <= from)
    .map(({ index, opens, closes }) => ({
      index,
      detail: `closes at ${closes}, not after ${opens}; hours over midnight are two windows, until 24:00 and from 00:00`,
    }));
  const ordered = windows
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.weekday - b.weekday || a.from - b.from);
  let longest: (typeof ordered)[number] | undefined;
  for (const window of ordered) {
    const sameDay = longest?.weekday === window.weekday;
    if (longest !== undefined && sameDay && window.from < longest.to) {
      faults.push({
        index: window.index,
        detail: `overlaps window ${longest.index}, ${longest.opens} to ${longest.closes}`,
      });
    }
    if (longest === undefined || !sameDay || window.to > longest.to) longest = window;
  }
  return faults;
}
