import type { Redis } from 'ioredis';
import type { Call } from './call.ts';

/** The state of every live call, saved before its effects are carried out, so that another process can go on. */
export interface Snapshots {
  save(call: Call): Promise<void>;
  remove(callId: string): Promise<void>;
  all(): Promise<Call[]>;
}

const KEY = '{clinic}:calls';

export function createSnapshots(redis: Redis): Snapshots {
  return {
    save: async (call) => void (await redis.hset(KEY, call.id, JSON.stringify(call))),
    remove: async (callId) => void (await redis.hdel(KEY, callId)),
    all: async () => Object.values(await redis.hgetall(KEY)).map((text) => JSON.parse(text) as Call),
  };
}
