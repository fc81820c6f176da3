import type { Redis } from 'ioredis';
import { EPOCH_KEY, OWNER_STALE, OWNER_STALE_NUMBER, type Fence } from '../platform/fence.ts';
import { projectPath } from '../platform/root.ts';
import { loadScripts } from '../platform/scripts.ts';
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
export const FORMAT = 4;

/** What older formats lack has a value that says nothing: their calls are taken up as they stand. */
const SINCE_4 = { closed: null, score: null, callback: null } satisfies Partial<Call>;
const SINCE_3 = { survey: null, ...SINCE_4 } satisfies Partial<Call>;
const SINCE_2 = { window: null, listening: null, ...SINCE_3 } satisfies Partial<Call>;
const LACKING: ReadonlyMap<unknown, Partial<Call>> = new Map<unknown, Partial<Call>>([
  [1, SINCE_2],
  [2, SINCE_3],
  [3, SINCE_4],
  [FORMAT, {}],
]);

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

/** fence: refuses writes of this process once another owns the calls (`owner-stale`); without it nothing is refused. */
export function createSnapshots(redis: Redis, fence?: Fence): Snapshots {
  const scripts = loadScripts(redis, projectPath('src/calls/commands'), {
    [OWNER_STALE_NUMBER]: OWNER_STALE,
  });
  const run = (name: string, ...args: string[]) =>
    scripts.run(name, [KEY, EPOCH_KEY], [fence?.epoch() ?? 0, ...args]);
  const write = async (name: string, ...args: string[]): Promise<void> => {
    await (fence === undefined ? run(name, ...args) : fence.guard(() => run(name, ...args)));
  };
  return {
    save: (snapshot) => write('save', snapshot.call.id, JSON.stringify({ format: FORMAT, ...snapshot })),
    remove: (callId) => write('remove', callId),
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
  const lacking = LACKING.get(format);
  if (lacking === undefined) return { format };
  return isCall(call, callId) && Array.isArray(effects)
    ? { call: { ...call, ...lacking }, effects: effects as Effect[] }
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
