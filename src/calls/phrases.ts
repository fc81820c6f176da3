import type { DateTime } from 'luxon';

/** What a caller hears, as prompt keys in order. Every key stands in the manifest of prompts; a test holds that. */
export type Phrase = readonly string[];

const LARGEST_ORDINAL = 99;

export const greeting: Phrase = ['clinic/greeting'];
export const menu: Phrase = ['clinic/menu'];
export const wrongDigit: Phrase = ['clinic/invalid', 'clinic/menu'];
export const noDigit: Phrase = ['clinic/no-digit', 'clinic/menu'];
export const toDefault: Phrase = ['clinic/to-default'];
export const goodbye: Phrase = ['talk/goodbye'];

/** «شما نفر سوم در صف هستید»; place counts from 1. */
export function positionPhrase(place: number): Phrase {
  if (place > LARGEST_ORDINAL) return ['queue/beyond', 'queue/please-wait'];
  const words = ['queue/you-are', `ordinal/${place}`, 'queue/in-line'];
  return place === 1 ? [...words, 'talk/connecting'] : [...words, 'queue/please-wait'];
}

/** specialty: null when the whole clinic is closed. opensAt and now in the clinic's zone; null: no opening is known. */
export function closedPhrase(specialty: string | null, opensAt: DateTime | null, now: DateTime): Phrase {
  const head = specialty === null ? ['closed/clinic'] : [`specialty/${specialty}`, 'closed/specialty'];
  if (opensAt === null) return [...head, 'closed/unknown'];
  return [...head, 'closed/opens', dayKey(opensAt, now), ...timeKeys(opensAt)];
}

function dayKey(opensAt: DateTime, now: DateTime): string {
  const days = opensAt.startOf('day').diff(now.startOf('day'), 'days').days;
  if (days === 0) return 'day/today';
  return days === 1 ? 'day/tomorrow' : `weekday/${opensAt.weekday}`;
}

function timeKeys(time: DateTime): string[] {
  return time.minute === 0 ? [`hour/${time.hour}`] : [`hour/${time.hour}`, `minute/${time.minute}`];
}
