import { IANAZone } from 'luxon';
import type { Span } from './spans.ts';

/**
 * The clock on the wall of a zone. A window is open whenever that clock shows a time inside it, so an hour that daylight
 * saving repeats is open twice and one it skips is not there. Pure.
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** No zone changes its offset twice within a stride, so comparing its two ends finds every change. */
const STRIDE = 8 * DAY;

/** In it the zone's offset (milliseconds ahead of UTC) stays the same: wall-clock arithmetic is plain addition. */
export interface Stretch extends Span {
  offset: number;
}

/** Hours of one weekday. */
export interface DayWindow {
  /** ISO: 1 = Monday … 7 = Sunday. */
  weekday: number;
  /** Minutes after midnight, 0–1439. */
  opensMinute: number;
  /** Minutes after midnight, larger than opensMinute; 1440 is 24:00. */
  closesMinute: number;
}

/** Cuts a span into stretches, in order. */
export function* evenStretches(zoneName: string, { start: from, end: to }: Span): Generator<Stretch> {
  const zone = IANAZone.create(zoneName);
  let start = from;
  while (start < to) {
    const end = firstChange(zone, start, Math.min(start + STRIDE, to));
    yield { start, end, offset: zone.offset(start) * MINUTE };
    start = end;
  }
}

/** The first instant in (start, end] whose offset differs from that at start, else end. */
function firstChange(zone: IANAZone, start: number, end: number): number {
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

/** When the wall clock shows a time inside a window; what begins before the stretch or ends after it is not cut off. */
export function spansOf<W extends DayWindow>(
  windows: readonly W[],
  stretch: Stretch,
): { window: W; span: Span }[] {
  const found: { window: W; span: Span }[] = [];
  const lastDay = Math.floor((stretch.end - 1 + stretch.offset) / DAY);
  for (let day = Math.floor((stretch.start + stretch.offset) / DAY); day <= lastDay; day += 1) {
    const midnight = day * DAY - stretch.offset;
    for (const window of windows) {
      if (window.weekday !== weekdayOf(day)) continue;
      const [start, end] = [midnight + window.opensMinute * MINUTE, midnight + window.closesMinute * MINUTE];
      found.push({ window, span: { start, end } });
    }
  }
  return found;
}

/** day: days since 1970-01-01, which was a Thursday. */
function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}
