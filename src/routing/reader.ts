import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { fault } from '../platform/fault.ts';
import { key, PREFIX } from './keys.ts';
import type { Activity, ExpertStatus, Intent, QueueStatus, RoutingReader } from './routing.ts';

/** Reads routing's state; changes nothing, so any process may. Each answer is one round trip or two. */
export function createRoutingReader({ redis, clock }: { redis: Redis; clock: Clock }): RoutingReader {
  async function hashes(keys: readonly string[]): Promise<Record<string, string>[]> {
    if (keys.length === 0) return [];
    const pipeline = redis.pipeline();
    for (const one of keys) pipeline.hgetall(one);
    return ((await pipeline.exec()) ?? []).map(([error, fields]) => {
      if (error !== null) throw fault('redis-failed', error.message, error);
      return fields as Record<string, string>;
    });
  }

  async function experts(): Promise<ExpertStatus[]> {
    const ids = (await redis.smembers(key.experts)).sort();
    const fields = await hashes(ids.map(key.expert));
    return ids.flatMap((id, index) => statusOf(id, fields[index]) ?? []);
  }

  /** Ids of the calls in the queue of each specialty, in order. */
  async function lines(specialties: readonly string[]): Promise<string[][]> {
    return Promise.all(specialties.map((specialty) => redis.zrange(key.waiting(specialty), '0', '-1')));
  }

  async function specialtiesWaitedFor(): Promise<string[]> {
    const start = key.waiting('');
    return (await scan(redis, `${start}*`)).map((found) => found.slice(start.length)).sort();
  }

  return {
    async position(callId) {
      const specialty = await redis.hget(key.call(callId), 'specialty');
      if (specialty === null) return null;
      const rank = await redis.zrank(key.waiting(specialty), callId);
      return rank === null ? null : rank + 1;
    },
    expert: async (id) => statusOf(id, await redis.hgetall(key.expert(id))),
    experts,
    async queues(specialties) {
      const [all, queues] = await Promise.all([experts(), lines(specialties)]);
      const heads = await hashes(queues.map((line) => key.call(line[0] ?? '')));
      return specialties.map((specialty, index) => {
        const waiting = queues[index]?.length ?? 0;
        const queuedAt = Number(heads[index]?.['queuedAt'] ?? clock.now());
        const longestWaitMs = waiting === 0 ? 0 : Math.max(0, clock.now() - queuedAt);
        const skilled = all.filter((expert) => expert.specialties.includes(specialty));
        return { specialty, waiting, longestWaitMs, ...countExperts(skilled) };
      });
    },
    async waiting() {
      const specialties = await specialtiesWaitedFor();
      const queues = await Promise.all(
        specialties.map((specialty) => redis.zrange(key.waiting(specialty), '0', '-1', 'WITHSCORES')),
      );
      return queues.flatMap((flat, index) =>
        pairs(flat).map(([callId, score]) => ({
          callId,
          specialty: specialties[index] ?? '',
          score: Number(score),
        })),
      );
    },
    async reservations() {
      const ids = (await scan(redis, `${key.call('')}*`))
        .map((found) => found.slice(key.call('').length))
        .sort();
      const calls = await hashes(ids.map(key.call));
      return ids.flatMap((callId, index) => {
        const { phase, expertId = '', offerId = '' } = calls[index] ?? {};
        return phase === 'ringing' || phase === 'talking'
          ? [{ callId, expertId, offerId, activity: phase }]
          : [];
      });
    },
  };
}

function countExperts(
  experts: readonly ExpertStatus[],
): Omit<QueueStatus, 'specialty' | 'waiting' | 'longestWaitMs'> {
  const count = (fits: (expert: ExpertStatus) => boolean) => experts.filter(fits).length;
  return {
    ready: count((expert) => expert.intent === 'ready' && expert.reachable && expert.activity === 'idle'),
    ringing: count((expert) => expert.activity === 'ringing'),
    talking: count((expert) => expert.activity === 'talking'),
    wrapUp: count((expert) => expert.activity === 'wrap-up'),
    paused: count((expert) => expert.intent === 'paused' && expert.activity === 'idle'),
  };
}

function statusOf(expertId: string, fields: Record<string, string> | undefined): ExpertStatus | null {
  if (fields === undefined || fields['intent'] === undefined) return null;
  const text = (name: string) => (fields[name] === undefined || fields[name] === '' ? null : fields[name]);
  const time = (name: string) => (text(name) === null ? null : Number(fields[name]));
  return {
    expertId,
    intent: fields['intent'] as Intent,
    reason: text('reason'),
    pausedUntil: time('pausedUntil'),
    reachable: fields['reachable'] === '1',
    activity: fields['activity'] as Activity,
    since: Number(fields['since']),
    callId: text('callId'),
    wrapUpUntil: time('wrapUpUntil'),
    misses: Number(fields['misses']),
    specialties: (fields['specialties'] ?? '').split(',').filter((specialty) => specialty !== ''),
  };
}

/** Keys by pattern without stopping Redis for it; used after a restart and by tests, on no path somebody waits on. */
async function scan(redis: Redis, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
    for (const one of keys) if (one.startsWith(PREFIX)) found.add(one);
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((value, index) =>
    index % 2 === 0 ? [[value, flat[index + 1] ?? ''] as [string, string]] : [],
  );
}
