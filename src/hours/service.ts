import { EventEmitter } from 'node:events';
import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { follow } from '../platform/follow.ts';
import {
  addWorkingSeconds,
  defaultSchedule,
  isOpen,
  workingSecondsBetween,
  type HoursAnswer,
  type Schedule,
} from './rules.ts';
import { readSchedule } from './schedule-store.ts';

/** default-hours: the hours could never be read, so the answer is that of a new installation. */
export type HoursReason = HoursAnswer['reason'] | 'default-hours';
export type HoursTold = Omit<HoursAnswer, 'reason'> & { reason: HoursReason };

export interface Hours {
  /**
   * Is the specialty open? Answered from memory, without waiting: a citizen is on the line.
   * specialty: null asks whether any is open; opensAt is then the earliest of all, closesAt when the last one closes.
   * atMs: milliseconds since the epoch; now, if not given. Times told are in the clinic's zone.
   */
  check(specialty: string | null, atMs?: number): HoursTold;
  /** Open seconds of a specialty between two instants, milliseconds since the epoch. */
  workingSecondsBetween(specialty: string | null, fromMs: number, toMs: number): number;
  /** When so many open seconds will have passed since an instant; null: not within a year of it. */
  addWorkingSeconds(specialty: string | null, fromMs: number, seconds: number): DateTime | null;
  /** Told each time the hours were read anew, whether or not they differ. @returns stops the telling */
  onChange(listener: () => void): () => void;
  /** Reads the hours anew, so that who changed them sees the change at once. */
  reload(): Promise<void>;
  /** Milliseconds since the epoch of the last reading; null: never. */
  readAt(): number | null;
  /** Ends the following; before the pool is closed. */
  close(): Promise<void>;
}

const CHANNEL = 'hours_changed';

export interface HoursDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
  /** IANA name of the clinic's zone. */
  zone: string;
}

/**
 * The hours in memory, following PostgreSQL. Resolves after the first attempt to read them: without PostgreSQL the
 * clinic answers by the default (every day 8 to 16) until it is found, and later by what was last known.
 */
export async function createHours({ pool, clock, log, zone }: HoursDeps): Promise<Hours> {
  let schedule: Schedule | null = null;
  let readAt: number | null = null;
  const fallback = defaultSchedule(zone);

  const changes = new EventEmitter();
  let readings = 0;
  let newest = 0;

  async function read(db: Pick<Pool, 'query'>): Promise<void> {
    const mine = ++readings;
    const found = await readSchedule(db, zone, clock.now());
    // A reading that began before another one that is in force has nothing newer to say.
    if (mine < newest) return;
    newest = mine;
    schedule = found;
    readAt = clock.now();
    changes.emit('read');
    log.debug({ windows: schedule.weekly.length, openings: schedule.openings.length }, 'hours.read');
  }

  const instant = (ms: number) => DateTime.fromMillis(ms, { zone });

  const follower = follow({ pool, channel: CHANNEL, name: 'hours', log, read });
  await follower.started;
  if (schedule === null) log.warn({ zone }, 'hours.defaulted');

  return {
    check(specialty, atMs = clock.now()) {
      const answer = isOpen(schedule ?? fallback, specialty, instant(atMs));
      return schedule === null ? { ...answer, reason: 'default-hours' } : answer;
    },
    workingSecondsBetween: (specialty, fromMs, toMs) =>
      workingSecondsBetween(schedule ?? fallback, specialty, instant(fromMs), instant(toMs)),
    addWorkingSeconds: (specialty, fromMs, seconds) =>
      addWorkingSeconds(schedule ?? fallback, specialty, instant(fromMs), seconds),
    onChange: (listener) => {
      changes.on('read', listener);
      return () => void changes.off('read', listener);
    },
    reload: () => read(pool),
    readAt: () => readAt,
    close: () => follower.close(),
  };
}
