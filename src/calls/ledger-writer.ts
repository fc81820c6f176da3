import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Log } from '../log.ts';
import { codeOf, fault, messageOf } from '../platform/fault.ts';
import { isDataFault, query, transaction, type Queryable } from '../platform/sql.ts';
import type { LedgerEntry } from './ledger.ts';
import { project } from './projection.ts';
import type { Projection } from './projection-rows.ts';

/** Ledger entries and the rows that follow from them, in PostgreSQL. */
export interface LedgerWriter {
  /** Writes the entries and brings the rows of their calls up to date, in one transaction. Known entries change nothing. */
  write(entries: readonly LedgerEntry[]): Promise<void>;
  /** Puts aside an entry that cannot be written. text: as it was given. */
  reject(text: string, entry: LedgerEntry | null, error: unknown): Promise<void>;
  isPoison(error: unknown): boolean;
}

/** The same channel of the same exchange under another call id: a call imported a second time. */
const SAME_CHANNEL = 'calls_asterisk_id_channel_id_key';

export function createLedgerWriter(pool: Pool, log: Log): LedgerWriter {
  return {
    write: (entries) => transaction(pool, (client) => writeEntries(client, entries)),
    isPoison: (error) => isDataFault(error) || codeOf(error) === 'entry-invalid',
    async reject(text, entry, error) {
      const duplicate = constraintOf(error) === SAME_CHANNEL;
      // What cannot be read has no number: its sum tells it from others.
      const { callId = '?', seq = sumOf(text), kind = '?' } = entry ?? {};
      const reason = duplicate ? 'duplicate' : 'refused';
      await query(
        pool,
        'calls/insert-reject',
        [callId, String(seq), kind, text, reason, messageOf(error)].map(printable),
      );
      const about = { callId, seq: entry?.seq, kind, code: codeOf(error) };
      if (duplicate) log.info(about, 'ledger-entry.known');
      else log.error({ ...about, detail: messageOf(error), alarm: true }, 'ledger-entry.rejected');
    },
  };
}

async function writeEntries(client: Queryable, entries: readonly LedgerEntry[]): Promise<void> {
  await query(client, 'calls/lock-calls', [entries.map((entry) => entry.callId)]);
  const written = await query<{ call_id: string }>(client, 'calls/insert-entries', [JSON.stringify(entries)]);
  const callIds = [...new Set(written.map((row) => row.call_id))];
  if (callIds.length === 0) return;
  await putRows(client, await projections(client, callIds));
}

interface EntryRow {
  call_id: string;
  seq: number;
  kind: string;
  at: Date;
  actor: string;
  data: Record<string, unknown>;
}

async function projections(client: Queryable, callIds: readonly string[]): Promise<Projection[]> {
  const rows = await query<EntryRow>(client, 'calls/entries-of-calls', [callIds]);
  const byCall = new Map<string, LedgerEntry[]>(callIds.map((id) => [id, []]));
  for (const { call_id, at, ...rest } of rows) {
    byCall.get(call_id)?.push({ ...rest, callId: call_id, at: at.toISOString() } as LedgerEntry);
  }
  return [...byCall.values()].map(project).filter((found) => found !== null);
}

async function putRows(client: Queryable, projected: readonly Projection[]): Promise<void> {
  // Calls first: the other rows point to them.
  const sets: [string, readonly unknown[]][] = [
    ['calls/put-calls', projected.map((one) => one.call)],
    ['calls/put-offers', projected.flatMap((one) => one.offers)],
    ['calls/put-segments', projected.flatMap((one) => one.segments)],
    ['calls/put-outcomes', projected.flatMap((one) => one.outcomes)],
    ['calls/put-recordings', projected.flatMap((one) => one.recordings)],
    ['calls/put-promises', projected.flatMap((one) => one.promise ?? [])],
  ];
  for (const [statement, rows] of sets)
    if (rows.length > 0) await query(client, statement, [JSON.stringify(rows)]);
}

/**
 * Reads an entry back from the outbox.
 * @throws `entry-invalid` if the text is none.
 */
export function parseEntry(text: string): LedgerEntry {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault('entry-invalid', 'Not JSON', error);
  }
  const { callId, seq, kind, at, actor, data } = (value ?? {}) as Partial<Record<keyof LedgerEntry, unknown>>;
  const whole = [callId, kind, at, actor].every((one) => typeof one === 'string') && Number.isInteger(seq);
  if (!whole || typeof data !== 'object' || data === null) throw fault('entry-invalid', 'Not a ledger entry');
  return value as LedgerEntry;
}

function constraintOf(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'constraint' in error
    ? String(error.constraint)
    : null;
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** PostgreSQL's text cannot hold U+0000, and a reject must never be rejected itself. */
function printable(text: string): string {
  return text.replaceAll('\0', '\\0');
}
