import type { Pool } from 'pg';
import type { Redis } from 'ioredis';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { query } from '../platform/sql.ts';

/**
 * Whether the system may take calls, part by part. Any process can tell: the one with the role `calls` leaves a
 * heartbeat in Redis.
 */

/** The role `calls` writes this key, as JSON of `Heartbeat`, with a time to live of a few of its periods. */
export const HEARTBEAT_KEY = '{clinic}:heartbeat:calls';

const HeartbeatSchema = Type.Object({
  /** Which process says so; left out by the very first version. */
  process: Type.Optional(Type.String()),
  /** Redis's number of the connection by which it speaks: while that is open the process is there, if only standing still. */
  client: Type.Optional(Type.Number()),
  /** Part → whether it does its work, e.g. `{"asterisk": true, "routing": true, "ledger": true}`. */
  parts: Type.Record(Type.String(), Type.Boolean()),
});
export type Heartbeat = Static<typeof HeartbeatSchema>;

/** The part that is missing while a process hands over and ends. */
export const ACCEPTING = 'accepting';

/** Part → ready. Parts of the role `calls` are named `calls.<part>`. */
export type Readiness = Readonly<Record<string, boolean>>;

const ANSWER_WITHIN_MS = 1500;

/** draining: whether this very process is ending; default: it is not. */
export function createReadiness({
  pool,
  redis,
  draining = () => false,
}: {
  pool: Pool;
  redis: Redis;
  draining?: () => boolean;
}): () => Promise<Readiness> {
  return async () => {
    const [postgres, heartbeat] = await Promise.all([
      intime(query(pool, 'staff/ping'), null).then((rows) => rows !== null),
      intime(redis.get(HEARTBEAT_KEY), undefined),
    ]);
    return {
      postgres,
      redis: heartbeat !== undefined,
      ...callsParts(heartbeat ?? null),
      ...(draining() ? { [ACCEPTING]: false } : {}),
    };
  };
}

/** The answer, or `otherwise` if it fails or takes too long: being told late is being told no. */
async function intime<T, U>(answer: Promise<T>, otherwise: U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<U>((resolve) => {
    timer = setTimeout(resolve, ANSWER_WITHIN_MS, otherwise);
  });
  return Promise.race([answer.catch(() => otherwise), late]).finally(() => clearTimeout(timer));
}

function callsParts(text: string | null): Record<string, boolean> {
  const heartbeat = text === null ? null : parseHeartbeat(text);
  if (heartbeat === null) return { calls: false };
  const parts = Object.entries(heartbeat.parts).map(([name, ready]) => [`calls.${name}`, ready] as const);
  return { calls: parts.every(([, ready]) => ready), ...Object.fromEntries(parts) };
}

/** null: by a version that says something else. */
export function parseHeartbeat(text: string): Heartbeat | null {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(HeartbeatSchema, value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
