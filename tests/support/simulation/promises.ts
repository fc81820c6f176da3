import { resultOf, whatFollows, type CallbackState } from '../../../src/callbacks/rules.ts';
import type { LedgerEntry } from '../../../src/calls/ledger.ts';
import type { Calls } from '../../../src/calls/service.ts';
import type { Chance } from '../random.ts';
import { T0 } from '../routing.ts';
import { append, type Stores } from './stores.ts';
import type { VirtualTime } from './time.ts';

/** Citizens who were promised a call before this day began, and who sees to it: callbacks/ with rows in memory. */
export interface Promises {
  /** What was promised and not kept, in words. When the hours are over it is kept on the next day. */
  open(): string[];
}

interface Row {
  id: string;
  number: string;
  score: number;
  state: CallbackState;
  dueAt: number;
  attempts: number;
  callId: string;
  claimedAt: number;
}

/** Often, for a day of minutes. */
const LOOK_EVERY_MS = 1000;
const CLAIM_STALE_MS = 20_000;
const LOST_SEQ = 1_000_000_000;
const POLICY = { attempts: 3, busySeconds: 5, retrySeconds: 10, postponeSeconds: 15 };
/** A day of this line. */
const LONGEST_WAIT_SECONDS = 30;

export function keepPromises(
  count: number,
  deps: {
    time: VirtualTime;
    chance: Chance;
    stores: Stores;
    calls: () => Calls | null;
    isOpen: () => boolean;
  },
): Promises {
  const { time, chance, stores } = deps;
  const rows: Row[] = Array.from({ length: count }, (_, index) => ({
    ...{ id: `promise-${index}`, number: `+98912000100${index}`, score: T0 - 3_600_000 + index },
    ...{ state: 'pending', dueAt: T0 + chance.whole(0, 20_000), attempts: 0, callId: '', claimedAt: 0 },
  }));

  const entriesOf = (callId: string): LedgerEntry[] => [...(stores.ledger.get(callId)?.values() ?? [])];

  function settle(row: Row): void {
    const entries = entriesOf(row.callId);
    const end = entries.find((entry) => entry.kind === 'call.ended');
    const wrapsUp = entries.some(({ kind }) => kind === 'call.answered');
    if (end?.kind !== 'call.ended') return;
    if (wrapsUp && end.data.ending !== 'answered') return void Object.assign(row, { state: 'done' });
    const tried = entries.find((entry) => entry.kind === 'callback.tried');
    const result = resultOf(end.data.ending, tried?.kind === 'callback.tried' ? tried.data.result : null);
    const next = whatFollows(result, row.attempts, POLICY);
    const afterMs = next.state === 'pending' ? Math.min(next.afterSeconds, LONGEST_WAIT_SECONDS) * 1000 : 0;
    Object.assign(row, { state: next.state, attempts: next.attempts, dueAt: time.now() + afterMs });
  }

  function recover(row: Row, live: ReadonlySet<string>): void {
    if (live.has(row.callId) || time.now() - row.claimedAt < CLAIM_STALE_MS) return;
    const entries = entriesOf(row.callId);
    if (entries.length === 0) return void Object.assign(row, { state: 'pending' });
    const at = new Date(time.now()).toISOString();
    const stamp = { callId: row.callId, at, actor: 'system' };
    const end = { ending: 'callback', endedAt: at, state: 'due', cause: null, note: 'lost' } as const;
    void append(stores, { ...stamp, seq: LOST_SEQ, kind: 'call.ended', data: end });
  }

  function look(): void {
    time.after(LOOK_EVERY_MS, look);
    const calls = deps.calls();
    for (const row of rows) if (row.state === 'live') settle(row);
    if (calls === null) return;
    const live = new Set(calls.callingBack().values());
    if (calls.ready()) for (const row of rows) if (row.state === 'live') recover(row, live);
    if (!deps.isOpen()) return live.forEach((callId) => calls.recall(callId));
    for (const row of rows) {
      const names = calls.nameCallback();
      if (names === null || row.state !== 'pending' || row.dueAt > time.now()) continue;
      if (calls.callingBack().has(row.id)) continue;
      Object.assign(row, { state: 'live', callId: names.callId, claimedAt: time.now() });
      const { id: callbackId, number, score } = row;
      calls.callBack({ ...names, callbackId, number, specialty: 'urban-planning', score });
    }
  }

  if (count > 0) time.after(LOOK_EVERY_MS, look);
  return {
    open: () =>
      rows
        .filter(({ state }) => state === 'live' || (state === 'pending' && deps.isOpen()))
        .map(({ id, state, callId }) => `${id} is still ${state} (${callId})`),
  };
}
