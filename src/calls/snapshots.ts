import type { Redis } from 'ioredis';
import type { Call, Effect } from './call.ts';

/**
 * The state of every live call and what its last step had still to do, saved before it is done: another process can go
 * on from there.
 */
export interface Snapshot {
  call: Call;
  /** Those effects of the step that may be carried out twice. */
  effects: Effect[];
}

export interface Snapshots {
  save(snapshot: Snapshot): Promise<void>;
  remove(callId: string): Promise<void>;
  all(): Promise<Snapshot[]>;
}

const KEY = '{clinic}:calls';

/** Ledger entries are unique by call and number, transitions and hang-ups can be repeated; sounds and rings cannot. */
const REPEATABLE: ReadonlySet<Effect['do']> = new Set([
  'record',
  'leave-queue',
  'release',
  'stop-ringing',
  'end-talk',
  'hang-up-citizen',
]);

/**
 * Effects that need not wait until the snapshot is durable. Transitions go to Redis over the same connection, behind the
 * snapshot, and are carried out in that order; and of an expert to be rung Redis knows already, since the offer stands there.
 */
const BESIDE: ReadonlySet<Effect['do']> = new Set([
  ...(['join-queue', 'leave-queue', 'accept', 'miss', 'release', 'ring', 'record'] as const),
]);

export const besideSnapshot = (effect: Effect): boolean => BESIDE.has(effect.do);

export const repeatable = (effects: readonly Effect[]): Effect[] =>
  effects.filter((effect) => REPEATABLE.has(effect.do));

export function createSnapshots(redis: Redis): Snapshots {
  return {
    save: async (snapshot) => void (await redis.hset(KEY, snapshot.call.id, JSON.stringify(snapshot))),
    remove: async (callId) => void (await redis.hdel(KEY, callId)),
    all: async () => Object.values(await redis.hgetall(KEY)).map((text) => JSON.parse(text) as Snapshot),
  };
}
