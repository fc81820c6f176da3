import type { Pool } from 'pg';
import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { createOutbox } from '../platform/outbox.ts';
import { query, queryOne, transaction, type Queryable } from '../platform/sql.ts';
import type { Ending, Ledger, LedgerEntry, OfferResult } from './ledger.ts';
import { createLedgerWriter, parseEntry } from './ledger-writer.ts';
import type { CallState } from './projection-rows.ts';

/** Key of the Redis stream in which entries wait for PostgreSQL. */
const STREAM = '{ledger}:entries';

export interface LedgerDeps {
  pool: Pool;
  redis: Redis;
  log: Log;
}

export type StoredLedger = Ledger & {
  /** Takes over what a dead process left, then writes. Resolves though PostgreSQL or Redis are away. */
  start(): Promise<void>;
  /** Entries that PostgreSQL does not have yet. */
  depth(): number;
  /** When the entry that waits longest was made, milliseconds since the epoch; null where none waits. */
  oldestAt(): number | null;
  close(): Promise<void>;
};

/** The ledger by way of the outbox: see src/platform/outbox.ts for what survives what. */
export function createLedger({ pool, redis, log }: LedgerDeps): StoredLedger {
  const writer = createLedgerWriter(pool, log);
  const outbox = createOutbox<LedgerEntry>({
    redis,
    log,
    stream: STREAM,
    idOf: (entry) => `${entry.callId}:${entry.seq}`,
    parse: parseEntry,
    ...writer,
  });
  return {
    append: (entry) => outbox.append(entry),
    start: () => outbox.start(),
    depth: () => outbox.depth(),
    oldestAt: () => {
      const oldest = outbox.oldest();
      return oldest === null ? null : Date.parse(oldest.at);
    },
    close: () => outbox.close(),
  };
}

export interface Outcome {
  code: string;
  note: string | null;
  followUp: boolean;
  /** ISO 8601 with offset. */
  setAt: string;
  actor: string;
}

/** A call as the contract shows it, its caller unmasked. */
export interface CallRow {
  id: string;
  direction: 'inbound' | 'outbound';
  entry: 'menu' | 'direct' | 'fallback' | 'callback';
  caller: string | null;
  callerReason: 'withheld' | 'invalid' | 'erased' | null;
  specialty: string | null;
  enteredAt: Date;
  queuedAt: Date | null;
  answeredAt: Date | null;
  endedAt: Date | null;
  state: CallState;
  ending: Ending | null;
  expertId: string | null;
  /** From the queue to the expert, or to the end; null for who never waited or still waits. */
  waitSeconds: number | null;
  /** Of the talks that are over. */
  talkSeconds: number | null;
  outcome: Outcome | null;
  /** How many outcomes were set: the version for If-Match. */
  outcomeVersion: number;
  surveyScore: number | null;
  caseId: string | null;
}

export async function findCall(db: Queryable, callId: string): Promise<CallRow | null> {
  return queryOne<CallRow>(db, 'calls/find-call', [callId]);
}

export interface CallFilter {
  /** Id of the last call of the page before. */
  after?: string | undefined;
  limit: number;
  direction?: 'inbound' | 'outbound' | undefined;
  /** Entered at or after. */
  from?: Date | undefined;
  /** Entered before. */
  to?: Date | undefined;
  expertId?: string | undefined;
  specialty?: string | undefined;
  ending?: Ending | undefined;
  state?: CallState | undefined;
  /** `missing`: a talk was had and is over, and nobody has said what came of it. */
  outcome?: 'missing' | undefined;
}

/** A page of calls, newest first. */
export async function listCalls(db: Queryable, filter: CallFilter): Promise<CallRow[]> {
  const { after, direction, from, to, expertId, specialty, ending, state, outcome, limit } = filter;
  const wanted = [after, direction, from, to, expertId, specialty, ending, state].map(
    (value) => value ?? null,
  );
  if (outcome === 'missing') return query<CallRow>(db, 'calls/list-missing-outcomes', [...wanted, limit]);
  return query<CallRow>(db, 'calls/list-calls', [...wanted, limit]);
}

export interface CallStory {
  entries: { seq: number; kind: string; at: Date; actor: string; data: Record<string, unknown> }[];
  offers: {
    offerId: string;
    expertId: string;
    attempt: number;
    madeAt: Date;
    why: Record<string, unknown>;
    result: OfferResult | null;
    endedAt: Date | null;
  }[];
  segments: {
    position: number;
    expertId: string;
    startedAt: Date;
    endedAt: Date | null;
    endedBy: string | null;
    surveyScore: number | null;
  }[];
  outcomes: { code: string; note: string | null; followUp: boolean; setAt: Date; actor: string }[];
}

/** All that is known of how a call went; null if there is no such call (yet). */
export async function callStory(db: Queryable, callId: string): Promise<CallStory | null> {
  const entries = await query<CallStory['entries'][number]>(db, 'calls/story-entries', [callId]);
  if (entries.length === 0) return null;
  return {
    entries,
    offers: await query<CallStory['offers'][number]>(db, 'calls/story-offers', [callId]),
    segments: await query<CallStory['segments'][number]>(db, 'calls/story-segments', [callId]),
    outcomes: await query<CallStory['outcomes'][number]>(db, 'calls/story-outcomes', [callId]),
  };
}

export interface OutcomeChange {
  callId: string;
  code: string;
  note: string | null;
  followUp: boolean;
  /** `account:<id>` or `expert:<id>`. */
  actor: string;
  /** The version that was read (`CallRow.outcomeVersion`); null: whatever it is. */
  version: number | null;
}

/**
 * Sets a call's outcome over HTTP; earlier ones are kept as history.
 *
 * It does not go through the ledger: seq is numbered by the one process that owns the call, and a second writer would
 * either take a number that process is about to use or leave a gap. The outcomes table therefore holds both kinds with
 * their actor and time; those set by keypad carry the seq of their entry, and `callStory` tells them all.
 */
export async function putOutcome(
  pool: Pool,
  change: OutcomeChange,
): Promise<CallRow | 'call-unknown' | 'outcome-unknown' | 'version-stale'> {
  const { callId, code, note, followUp, actor, version } = change;
  return transaction(pool, async (client) => {
    await query(client, 'calls/lock-calls', [[callId]]);
    const call = await findCall(client, callId);
    if (call === null) return 'call-unknown';
    if (version !== null && version !== call.outcomeVersion) return 'version-stale';
    if ((await queryOne(client, 'calls/outcome-code-is-active', [code])) === null) return 'outcome-unknown';
    await query(client, 'calls/insert-outcome', [callId, code, note, followUp, actor]);
    return (await findCall(client, callId)) ?? 'call-unknown';
  });
}
