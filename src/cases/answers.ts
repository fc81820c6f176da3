import { maskNumber } from '../log.ts';
import type { Case, CaseStory } from './service.ts';
import type { ClockRow, EntryRow, Unanswered } from './store.ts';

/** What of a case is shown to whom. whole: the reader sees citizens' numbers unmasked. now: milliseconds since the epoch. */

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

const isOverdue = ({ stoppedAt, dueAt }: ClockRow, now: number): boolean =>
  stoppedAt === null && dueAt !== null && dueAt.getTime() < now;

export function toCase(row: Case, whole: boolean, now: number) {
  const { id, reference, reason, number, specialty, state, owner, ownerName, followUpOn, version } = row;
  return {
    ...{ id, reference, reason, specialty, state, followUpOn, version },
    number: whole ? number : maskNumber(number),
    owner: owner === null ? null : { id: owner, name: ownerName ?? '' },
    openedAt: row.openedAt.toISOString(),
    createdAt: row.createdAt.toISOString(),
    escalatedAt: iso(row.escalatedAt),
    overdue: row.clocks.some((clock) => isOverdue(clock, now)),
    clocks: row.clocks.map((clock) => ({
      clock: clock.clock,
      startedAt: clock.startedAt.toISOString(),
      targetSeconds: clock.targetSeconds,
      dueAt: iso(clock.dueAt),
      stoppedAt: iso(clock.stoppedAt),
      overdue: isOverdue(clock, now),
      escalatedAt: iso(clock.escalatedAt),
    })),
  };
}

export function toStory(row: CaseStory, whole: boolean, now: number) {
  return {
    ...toCase(row, whole, now),
    history: row.history.map((entry) => toEntry(entry, whole)),
    calls: row.calls.map((call) => ({
      ...call,
      enteredAt: call.enteredAt.toISOString(),
      endedAt: iso(call.endedAt),
    })),
    callback: row.callback === null ? null : { ...row.callback, dueAt: row.callback.dueAt.toISOString() },
    recordings: row.recordings.map((recording) => ({
      ...recording,
      at: recording.at.toISOString(),
      erasedAt: iso(recording.erasedAt),
    })),
    texts: row.texts.map(({ id, template, number, body, state, attempts, reason, createdAt, sentAt }) => ({
      ...{ id, template, body, state, attempts, reason },
      number: whole ? number : maskNumber(number),
      createdAt: createdAt.toISOString(),
      sentAt: iso(sentAt),
    })),
  };
}

function toEntry({ at, citizenAt, data, ...entry }: EntryRow, whole: boolean) {
  return { ...entry, at: at.toISOString(), citizenAt: iso(citizenAt), data: whole ? data : masked(data) };
}

/**
 * Without what may tell a number: one keyed in, though none that can be called, and the name of a file that was taken over,
 * which in most exchanges holds the caller's.
 */
function masked(data: EntryRow['data']): EntryRow['data'] {
  const shown = Object.entries(data).filter(([name]) => name !== 'recording');
  return Object.fromEntries(
    shown.map(([name, value]) =>
      name === 'keyed' && typeof value === 'string' ? [name, maskNumber(value)] : [name, value],
    ),
  );
}

export function toUnanswered(row: Unanswered, whole: boolean) {
  const { dueAt, openedAt, number, ...rest } = row;
  return {
    ...rest,
    number: whole ? number : maskNumber(number),
    dueAt: dueAt.toISOString(),
    openedAt: openedAt.toISOString(),
  };
}
