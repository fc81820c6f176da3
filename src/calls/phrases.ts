import { toJalaali } from 'jalaali-js';
import type { DateTime } from 'luxon';

/** What a caller hears, as prompt keys in order. Every key stands in the manifest of prompts; a test holds that. */
export type Phrase = readonly string[];

const LARGEST_ORDINAL = 99;

export const greeting: Phrase = ['clinic/greeting'];
/** Said to its end before a talk may be recorded. */
export const recorded: Phrase = ['clinic/recorded'];
/** To both in the talk. */
export const recordingPaused: Phrase = ['recording/paused'];
export const recordingResumed: Phrase = ['recording/resumed'];
export const notRecorded: Phrase = ['recording/none'];
export const menu: Phrase = ['clinic/menu'];
export const wrongDigit: Phrase = ['clinic/invalid', 'clinic/menu'];
export const noDigit: Phrase = ['clinic/no-digit', 'clinic/menu'];
/** To whom no expert is offered; the message service follows. */
export const messageOnly: Phrase = ['clinic/message-only'];
export const toDefault: Phrase = ['clinic/to-default'];
/** What there is instead at an hour at which nobody answers. */
export const closedKeys: Phrase = ['closed/keys'];
export const sorry: Phrase = ['closed/sorry'];
export const willCall: Phrase = ['closed/we-call'];
/** The line to the expert broke. */
export const cutOff: Phrase = ['talk/cut-off'];
export const goodbye: Phrase = ['talk/goodbye'];
/** Whom we call back hears who calls, and what can be keyed. */
export const invitation: Phrase = ['callback/who', 'callback/keys'];
/** Keys pressed before the end are heard as ever, and that talk is not recorded. */
export const invitationRecorded: Phrase = ['callback/who', ...recorded, 'callback/keys'];
export const invitationAgain: Phrase = ['callback/keys'];
export const connecting: Phrase = ['talk/connecting'];
export const pleaseWait: Phrase = ['queue/please-wait'];
export const calledLater: Phrase = ['callback/later', 'talk/goodbye'];
export const notNeeded: Phrase = ['callback/not-needed', 'talk/goodbye'];
export const survey: Phrase = ['survey/question'];
export const surveyWrongKey: Phrase = ['m137/invalid', 'survey/question'];
export const surveyThanks: Phrase = ['survey/thanks', 'talk/goodbye'];

/**
 * «شما نفر سوم در صف هستید»; place counts from 1. Who is not connected in the next moment also hears what there is instead of
 * waiting. waits: the first in line is not connected at once either, as it was told before or nobody is at work. wait: how long,
 * where that can be told; then neither. tooLate: the hours will be over before; the next opening.
 */
export function positionPhrase(
  place: number,
  waits: boolean,
  wait: Phrase = [],
  tooLate: Phrase | null = null,
): Phrase {
  const advice = tooLate === null ? ['queue/please-wait'] : ['closing/too-late', ...tooLate];
  const rest = [...wait, ...advice, 'queue/keys'];
  if (place > LARGEST_ORDINAL) return ['queue/beyond', ...rest];
  const words = ['queue/you-are', `ordinal/${place}`, 'queue/in-line'];
  const isNext = place === 1 && !waits && wait.length === 0 && tooLate === null;
  return isNext ? [...words, 'talk/connecting'] : [...words, ...rest];
}

/** «زمان تقریبی انتظار شما، بین پنج تا ده دقیقه است.» low 0: less than high. high null: more than low. */
export function waitPhrase(low: number, high: number | null): Phrase {
  if (high === null) return ['wait/above', `count/${low}`, 'wait/minutes'];
  if (low === 0) return ['wait/below', `count/${high}`, 'wait/minutes'];
  return ['wait/between', `count/${low}`, 'wait/to', `count/${high}`, 'wait/minutes'];
}

export interface Closed {
  /** null: the whole clinic is. */
  specialty: string | null;
  /** The reason where there is one to tell: a closure's kind, or an official holiday. */
  closure: string | null;
  holiday: boolean;
  /** In the clinic's zone; null: no opening is known. */
  opensAt: DateTime | null;
}

/** now: in the clinic's zone. */
export function closedPhrase(closed: Closed, now: DateTime): Phrase {
  const { opensAt } = closed;
  if (opensAt === null) return [...whyClosed(closed), 'closed/unknown'];
  return [...whyClosed(closed), ...openingPhrase(opensAt, now)];
}

/** Both in the clinic's zone. */
export const openingPhrase = (opensAt: DateTime, now: DateTime): Phrase => [
  ...['closed/opens', ...dayKeys(opensAt, now), ...timeKeys(opensAt)],
];

function whyClosed({ specialty, closure, holiday }: Closed): string[] {
  const named = specialty === null ? [] : [`specialty/${specialty}`];
  if (closure !== null) return [...named, `closure/${closure}`];
  if (holiday) return ['closed/holiday'];
  return specialty === null ? ['closed/clinic'] : [...named, 'closed/specialty'];
}

/** A weekday names one day only within a week; beyond it the date is told as well, of the solar calendar. */
function dayKeys(opensAt: DateTime, now: DateTime): string[] {
  const days = opensAt.startOf('day').diff(now.startOf('day'), 'days').days;
  if (days === 0) return ['day/today'];
  if (days === 1) return ['day/tomorrow'];
  const weekday = `weekday/${opensAt.weekday}`;
  if (days < 7) return [weekday];
  const { jm, jd } = toJalaali(opensAt.year, opensAt.month, opensAt.day);
  return [weekday, `date/${jd}`, `month/${jm}`];
}

function timeKeys(time: DateTime): string[] {
  return time.minute === 0 ? [`hour/${time.hour}`] : [`hour/${time.hour}`, `minute/${time.minute}`];
}
