import { OVER, type CaseState, type EntryKind } from './rules.ts';

/**
 * The clocks of a case, read from its history: until somebody takes it up, until a person answers, until it is closed.
 * They count the working time of the case's specialty. What the program does by itself stops none; they stand still only
 * while the citizen is asked something.
 */

export const CLOCKS = ['acknowledge', 'answer', 'resolve'] as const;
export type CaseClock = (typeof CLOCKS)[number];

export interface HistoryEntry {
  /** Milliseconds since the epoch. */
  at: number;
  /** `account:<id>` or `system`. */
  actor: string;
  kind: EntryKind;
  /** The state afterwards. */
  state: CaseState;
  /** When the citizen said what the entry is about, where that was earlier; milliseconds since the epoch. */
  citizenAt: number | null;
}

interface Stretch {
  from: number;
  /** null: it still runs. */
  to: number | null;
}

/** When a clock has run. */
export interface Course {
  startedAt: number;
  stretches: Stretch[];
  stoppedAt: number | null;
}
export type Courses = Record<CaseClock, Course>;

/** Entries by which a person shows to have taken the case up. */
const TAKES_UP: readonly EntryKind[] = [
  'case.triaged',
  'case.assigned',
  'case.citizen-asked',
  'case.referred',
  'case.answered',
  'case.reopened',
];
/** Entries by which a citizen who had an answer says that it was none. */
const ASKS_AGAIN: readonly EntryKind[] = ['case.reopen-requested', 'case.reopened'];

/** @param history from the entry that opened the case on, in order; not empty. */
export function coursesOf(history: readonly HistoryEntry[]): Courses {
  const [opened, ...later] = history;
  if (opened === undefined) throw new Error('A case without a history');
  const from = opened.citizenAt ?? opened.at;
  let courses: Courses = { acknowledge: begun(from), answer: begun(from), resolve: begun(from) };
  let beforeSpam: Courses | null = null;
  for (const entry of later) {
    // A case wrongly taken for spam was never over: its clocks have run all the while, and none begins again.
    const spared = entry.kind === 'case.reopened' ? beforeSpam : null;
    const askedAgain = ASKS_AGAIN.includes(entry.kind) && spared === null;
    const next = advance(askedAgain ? beginAgain(courses, entry) : (spared ?? courses), entry);
    if (entry.kind === 'case.marked-spam') beforeSpam = courses;
    else if (entry.state !== 'spam') beforeSpam = null;
    courses = next;
  }
  return courses;
}

const begun = (from: number): Course => ({
  startedAt: from,
  stretches: [{ from, to: null }],
  stoppedAt: null,
});

/** Somebody must take it up anew, too. The oldest message without an answer counts: a clock that runs goes on. */
const beginAgain = (courses: Courses, { at, citizenAt }: HistoryEntry): Courses =>
  each(courses, (course) => (course.stoppedAt === null ? course : begun(citizenAt ?? at)));

function advance(courses: Courses, entry: HistoryEntry): Courses {
  const { at, kind, state } = entry;
  const byPerson = entry.actor !== 'system';
  let { acknowledge, answer } = courses;
  const { resolve } = courses;
  if (byPerson && TAKES_UP.includes(kind)) acknowledge = stop(acknowledge, at);
  if (byPerson && kind === 'case.answered') answer = stop(answer, at);
  const all = { acknowledge, answer, resolve };
  if (OVER.includes(state)) return each(all, (course) => stop(course, at));
  // A reply counts from when the citizen gave it, not from when somebody wrote it down.
  const since = entry.citizenAt ?? at;
  return each(all, (course) => (state === 'waiting-citizen' ? pause(course, at) : goOn(course, since)));
}

const each = (courses: Courses, change: (course: Course) => Course): Courses => ({
  acknowledge: change(courses.acknowledge),
  answer: change(courses.answer),
  resolve: change(courses.resolve),
});

/** One that stood still goes on for no time at all: its deadline is then reckoned from there. */
const stop = (course: Course, at: number): Course =>
  course.stoppedAt === null ? { ...pause(goOn(course, at), at), stoppedAt: at } : course;

function pause(course: Course, at: number): Course {
  const last = course.stretches.at(-1);
  if (last === undefined || last.to !== null) return course;
  const closed = { from: last.from, to: Math.max(at, last.from) };
  return { ...course, stretches: [...course.stretches.slice(0, -1), closed] };
}

function goOn(course: Course, at: number): Course {
  const stoodSince = course.stretches.at(-1)?.to ?? null;
  if (course.stoppedAt !== null || stoodSince === null) return course;
  return { ...course, stretches: [...course.stretches, { from: Math.max(at, stoodSince), to: null }] };
}

/** Of the hours of one specialty; times in milliseconds since the epoch. */
export interface WorkingTime {
  secondsBetween(from: number, to: number): number;
  /** null: not within a year. */
  add(from: number, seconds: number): number | null;
}

export interface Reading {
  clock: CaseClock;
  startedAt: number;
  targetSeconds: number;
  /** When the target is, or would have been, used up; null: not before the citizen has replied. */
  dueAt: number | null;
  /** When so much of it is used up that somebody must hear of it. */
  alarmAt: number | null;
  stoppedAt: number | null;
}

export interface Targets {
  /** Seconds of working time. */
  seconds: Readonly<Record<CaseClock, number>>;
  /** Share of them, 0 to 1, after which a clock that nothing has stopped is told. */
  alarmShare: number;
}

export function readClocks(courses: Courses, targets: Targets, time: WorkingTime): Reading[] {
  return CLOCKS.map((clock) => {
    const course = courses[clock];
    const target = targets.seconds[clock];
    return {
      clock,
      startedAt: course.startedAt,
      targetSeconds: target,
      dueAt: usedUpAt(course, target, time),
      alarmAt: usedUpAt(course, target * targets.alarmShare, time),
      stoppedAt: course.stoppedAt,
    };
  });
}

function usedUpAt({ stretches, stoppedAt }: Course, seconds: number, time: WorkingTime): number | null {
  let left = seconds;
  for (const [index, { from, to }] of stretches.entries()) {
    // A deadline that was met stays the deadline it was.
    const open = to === null || (stoppedAt !== null && index === stretches.length - 1);
    const used = open ? Infinity : time.secondsBetween(from, to);
    // Hours without an opening for a year say nothing: then the time of the calendar counts, which alarms sooner.
    if (left <= used) return time.add(from, left) ?? from + left * 1000;
    left -= used;
  }
  return null;
}
