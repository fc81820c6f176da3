import type { Redis } from 'ioredis';
import { STATES, type Call, type Effect } from './call.ts';

/**
 * The state of every live call and what its last step had still to do, saved before it is done: another process can go
 * on from there.
 */
export interface Snapshot {
  call: Call;
  /** Those effects of the step that may be carried out twice. */
  effects: Effect[];
}

/** What is there: calls that can be taken up as they are, and the ids of those whose snapshot cannot be read. */
export interface Standing {
  kept: Snapshot[];
  refused: { callId: string; format: unknown }[];
}

export interface Snapshots {
  save(snapshot: Snapshot): Promise<void>;
  remove(callId: string): Promise<void>;
  all(): Promise<Standing>;
}

const KEY = '{clinic}:calls';

/**
 * The layout of Call and Effect as it is written. An upgrade and a rollback read what the other version wrote: whoever
 * changes what a field means, or needs one that older snapshots lack, counts this up, and the other version then makes the
 * call anew from its channel (see rebuild.ts) instead of misreading it.
 */
export const FORMAT = 1;

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
    save: async (snapshot) =>
      void (await redis.hset(KEY, snapshot.call.id, JSON.stringify({ format: FORMAT, ...snapshot }))),
    remove: async (callId) => void (await redis.hdel(KEY, callId)),
    all: async () => {
      const standing: Standing = { kept: [], refused: [] };
      for (const [callId, text] of Object.entries(await redis.hgetall(KEY))) {
        const read = readSnapshot(callId, text);
        if ('call' in read) standing.kept.push(read);
        else standing.refused.push({ callId, format: read.format });
      }
      return standing;
    },
  };
}

/** A snapshot as it was written, or the format it claims to have where that is not ours. Never throws. */
export function readSnapshot(callId: string, text: string): Snapshot | { format: unknown } {
  const value = parse(text);
  // The very first version wrote no number; its layout is that of 1.
  const { format = 1, call, effects } = value;
  if (format !== FORMAT) return { format };
  return isCall(call, callId) && Array.isArray(effects)
    ? { call, effects: effects as Effect[] }
    : { format: 'unreadable' };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function isCall(value: unknown, callId: string): value is Call {
  if (typeof value !== 'object' || value === null) return false;
  const { id, state, channelId, visit, seq, enteredAt } = value as Partial<Record<keyof Call, unknown>>;
  return (
    id === callId &&
    typeof channelId === 'string' &&
    STATES.some((known) => known === state) &&
    [visit, seq, enteredAt].every((number) => Number.isFinite(number))
  );
}
