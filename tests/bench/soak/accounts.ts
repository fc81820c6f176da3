import { citizensOf, grouped, type History, type LedgerCall, type SipCall } from './history.ts';
import type { Finding } from './judge.ts';

/** Every call that reached the clinic has one row with one end, which fits what the others saw; every row has a call. */

/** Between SIPp's INVITE and Asterisk's channel for it; a pair further apart is no pair. */
const SAME_CALL_MS = 5_000;

export function judgeAccounts(history: History): Finding[] {
  const rows = grouped(history.calls, ({ sipCallId }) => sipCallId ?? '');
  const dialled = new Map(history.sip.map((call) => [call.sipCallId, call]));
  // Who leaves in the moment in which the two are put into a bridge may have been there alone.
  const joined = new Set(
    history.exchange.filter(({ type }) => type === 'BRIDGE_ENTER').map(({ uniqueId }) => uniqueId),
  );
  const channels = citizensOf(history.exchange);
  return [
    ...history.sip.flatMap((call) => ofCall(call, rows.get(call.sipCallId) ?? [])),
    ...history.calls.flatMap((row) => {
      const call = dialled.get(row.sipCallId ?? '');
      if (call === undefined) return [about(row, 'is in the ledger, and nobody dialled it')];
      const began = channels.get(row.channelId ?? '')?.from;
      if (began === undefined || Math.abs(began - call.dialledAt) > SAME_CALL_MS)
        return [about(row, `names the channel ${row.channelId}, which is not that of this call`)];
      if (row.ending === 'answered' && !joined.has(row.channelId ?? ''))
        return [about(row, 'is said to be answered, and nobody talked')];
      return [];
    }),
  ];
}

function ofCall(call: SipCall, rows: readonly LedgerCall[]): Finding[] {
  if (call.answeredAt === null) return [];
  const wrong: string[] = [];
  if (call.end === null) wrong.push('was never hung up');
  if (rows.length !== 1) wrong.push(`has ${rows.length} rows (${rows.map(({ id }) => id).join(', ')})`);
  if (rows.some(({ ending }) => ending === null)) wrong.push('has a row without an end');
  return wrong.map((what) => ({
    ...{ violation: 'unaccounted' as const, callId: rows[0]?.id ?? null, sipCallId: call.sipCallId },
    ...{ at: call.dialledAt, what },
  }));
}

const about = (row: LedgerCall, what: string): Finding => ({
  ...{ violation: 'unaccounted', callId: row.id, sipCallId: row.sipCallId },
  ...{ at: row.entries[0]?.at ?? 0, what },
});
