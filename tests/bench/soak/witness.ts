import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { ChannelEvent, History, LedgerCall, SipCall } from './history.ts';

/** Reads what the witnesses have written: SIPp's log, Asterisk's CEL, and the ledger. */

/** SIPp's [timestamp]: the day, the time, and seconds since the epoch with microseconds. */
const SAID = /^(dialled|answered|left|sent-away) (\S+) .*?(\d+\.\d+)\s*$/;

export function readSip(text: string): SipCall[] {
  const calls = new Map<string, SipCall>();
  for (const line of text.split('\n')) {
    const [, what, sipCallId = '', seconds] = SAID.exec(line) ?? [];
    const at = Number(seconds) * 1000;
    const call = calls.get(sipCallId);
    if (what === 'dialled') calls.set(sipCallId, { sipCallId, dialledAt: at, answeredAt: null, end: null });
    else if (call !== undefined && what === 'answered') call.answeredAt = at;
    else if (call !== undefined) call.end ??= { at, by: what === 'left' ? 'citizen' : 'clinic' };
  }
  return [...calls.values()];
}

/** A quote within a field is written twice. */
const FIELD = /"((?:[^"]|"")*)"/g;
const BRIDGE = /"bridge_id":"([^"]*)"/;

/** Fields as dialplan/cel_custom.conf lists them. since: what the file tells of earlier runs is left out. */
export function readExchange(text: string, since: number): ChannelEvent[] {
  return text
    .split('\n')
    .map((line) => [...line.matchAll(FIELD)].map(([, field = '']) => field.replaceAll('""', '"')))
    .map(([type = '', seconds, uniqueId = '', linkedId = '', channel = '', , app = '', extra = '']) => ({
      ...{ type, at: Number(seconds) * 1000, uniqueId, linkedId, channel, app },
      bridge: BRIDGE.exec(extra)?.[1] ?? null,
    }))
    .filter(({ type, at }) => type !== '' && at >= since);
}

interface Row {
  id: string;
  sip_call_id: string | null;
  channel_id: string | null;
  ending: string | null;
  specialty: string | null;
  queued_at: Date | null;
  entered_at: Date;
}
interface EntryRow {
  call_id: string;
  seq: number;
  kind: string;
  at: Date;
  data: Record<string, unknown>;
}

/**
 * Calls in the order in which they came, and what belongs to none. since: what the exchange had kept of an earlier run and
 * has handed over in this one is left out.
 */
export async function readLedger(url: string, since: number): Promise<Pick<History, 'calls' | 'strays'>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(
      'select id, sip_call_id, channel_id, ending, specialty, queued_at, entered_at from calls order by id',
    );
    const entries = await client.query<EntryRow>(
      'select call_id, seq, kind, at, data from call_entries order by call_id, seq',
    );
    const rejects = await client.query<{ call_id: string; kind: string; reason: string; detail: string }>(
      "select call_id, kind, reason, detail from ledger_rejects where reason <> 'duplicate'",
    );
    const calls = new Map<string, LedgerCall & { entries: LedgerCall['entries'][number][] }>(
      rows.map((row) => [row.id, { ...callOf(row), entries: [] }]),
    );
    const older = rows.filter(({ entered_at }) => entered_at.getTime() < since);
    const strays = rejects.rows.map((row) => ({
      callId: row.call_id,
      what: `${row.kind} was refused: ${row.reason} (${row.detail})`,
    }));
    for (const { call_id, seq, kind, at, data } of entries.rows) {
      const call = calls.get(call_id);
      if (call === undefined) strays.push({ callId: call_id, what: `${kind} belongs to no row` });
      else call.entries.push({ seq, kind, at: at.getTime(), data });
    }
    for (const { id } of older) calls.delete(id);
    return { calls: [...calls.values()], strays };
  } finally {
    await client.end();
  }
}

const callOf = (row: Row) => ({
  id: row.id,
  sipCallId: row.sip_call_id,
  channelId: row.channel_id,
  ending: row.ending,
  specialty: row.specialty,
  queuedAt: row.queued_at?.getTime() ?? null,
});

export const readText = (file: string): string => readFileSync(file, 'utf8');
