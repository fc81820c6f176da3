import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { loadCommands, type RunCommand } from './commands.ts';
import { toStanding, toStatus } from './rows.ts';
import type { ExpertStatus, QueueStatus, RoutingReader } from './routing.ts';

/**
 * Reads routing's state; changes nothing and sets no timer, so any process may. Each answer is one script and so one
 * consistent picture. @throws `redis-failed`
 */
export function createRoutingReader({ redis, clock }: { redis: Redis; clock: Clock }): RoutingReader {
  return createReadings(loadCommands(redis), () => clock.now());
}

/** The same on commands already loaded. */
export function createReadings(run: RunCommand, now: () => number): RoutingReader {
  return {
    position: async (callId) => (await run('read-position', now(), callId)) as number | null,
    expert: async (expertId) => {
      const [row] = (await run('read-experts', now(), expertId)) as unknown[];
      return row === undefined ? null : toStatus(row);
    },
    experts: async () => {
      const rows = (await run('read-experts', now())) as unknown[];
      return rows.map(toStatus).sort(byExpert);
    },
    queues: async (specialties) => {
      const at = now();
      const rows = (await run('read-queues', at, ...specialties)) as (number | string)[][];
      return rows.map((row, index) => toQueue(specialties[index] ?? '', row, at));
    },
    reservations: async () => {
      const { live } = toStanding(await run('read-offers', now()));
      return live.map(({ callId, expertId, offerId, activity }) => ({ callId, expertId, offerId, activity }));
    },
    waiting: async () => {
      const rows = (await run('read-waiting', now())) as string[][];
      return rows
        .map(([callId = '', specialty = '', score, onlyExpert = '']) => ({
          ...{ callId, specialty, score: Number(score) },
          ...(onlyExpert === '' ? {} : { onlyExpert }),
        }))
        .sort((a, b) => a.score - b.score || (a.callId < b.callId ? -1 : 1));
    },
  };
}

function toQueue(specialty: string, row: readonly (number | string)[], at: number): QueueStatus {
  const [waiting, earliest, ready, ringing, talking, wrapUp, paused] = row;
  return {
    specialty,
    waiting: Number(waiting),
    longestWaitMs: earliest === '' ? 0 : Math.max(0, at - Number(earliest)),
    ready: Number(ready),
    ringing: Number(ringing),
    talking: Number(talking),
    wrapUp: Number(wrapUp),
    paused: Number(paused),
  };
}

const byExpert = (a: ExpertStatus, b: ExpertStatus): number => (a.expertId < b.expertId ? -1 : 1);
