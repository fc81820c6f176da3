import type { Pool } from 'pg';
import type { DueCallback } from '../calls/service.ts';
import type { LedgerFact } from '../calls/ledger.ts';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import { transaction } from '../platform/sql.ts';
import * as store from './store.ts';
import type { DueRow, UnderWay } from './store.ts';
import { atOpening } from './timing.ts';

/**
 * Takes due callbacks into the queue, in the one process that has the exchange. A row is claimed before the attempt begins, so
 * that a citizen is never called twice at once; a claim whose process died before anything began is given back here.
 */
export interface Dialler {
  take(): Promise<{ begun: number }>;
}

export interface DiallerDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
  hours: Pick<Hours, 'check'>;
  calls: {
    nameCallback(): Pick<DueCallback, 'callId' | 'channelId'> | null;
    callBack(promised: DueCallback): void;
    recall(callId: string): void;
    callingBack(): ReadonlyMap<string, string>;
    calledBack(): Promise<ReadonlySet<string>>;
  };
  /** Entries PostgreSQL does not have yet. */
  ledger: { depth(): number; append(entry: LedgerFact & Stamp): Promise<void> };
  /** '': nobody is dialled. */
  trunk: string;
}

interface Stamp {
  callId: string;
  seq: number;
  at: string;
  actor: string;
}

/** As many of one specialty wait for an expert at once: more would only stand in the queue. */
const AT_ONCE = 50;
/** A claim is followed by its call within milliseconds. */
const CLAIM_STALE_MS = 20_000;
/** The exchange hands over what it kept within a second of the hang-up; after we were away, one after the other. */
const TOLD_WITHIN_MS = 30_000;
/** Above every number a live call reaches, and those of what the exchange has kept of it. */
const LOST_SEQ = 2_000_000_000;

export function createDialler(deps: DiallerDeps): Dialler {
  const { pool, clock, log, hours, calls, ledger } = deps;
  /** Attempts that nobody leads and the exchange does not have, and since when that is known. */
  let missed: ReadonlyMap<string, number> = new Map();

  /**
   * Open when it was taken, closed now; or nobody wants it any more, or staff have taken it back. Who is dialled already is not
   * hung up upon.
   */
  function recallUnwanted(attempts: readonly UnderWay[]): void {
    for (const callId of calls.callingBack().values()) {
      const row = attempts.find((one) => one.callId === callId);
      if (row === undefined || row.unwanted || !hours.check(row.specialty).open) calls.recall(callId);
    }
  }

  /** What nobody leads and nobody will end. As long as entries are under way it may have ended. */
  async function recover(attempts: readonly UnderWay[]): Promise<void> {
    if (ledger.depth() > 0) return;
    const since = clock.now() - CLAIM_STALE_MS;
    const live = new Set(calls.callingBack().values());
    const lost = attempts.filter(
      ({ ended, callId, claimedAt }) => !ended && !live.has(callId) && claimedAt.getTime() <= since,
    );
    // Whom the exchange's message service has, it tells of when they have gone.
    const there = lost.length === 0 ? live : await calls.calledBack();
    const gone = lost.filter(({ callId }) => !there.has(callId));
    for (const { id, callId, entered } of gone) if (!entered) await store.free(pool, id, callId);
    await writeOff(gone.filter(({ entered }) => entered));
  }

  /** Who has left this very moment is being told of: only what a later look misses too is lost. */
  async function writeOff(gone: readonly UnderWay[]): Promise<void> {
    const now = clock.monotonic();
    const since = new Map(gone.map(({ callId }) => [callId, missed.get(callId) ?? now]));
    missed = since;
    for (const { id, callId } of gone) {
      if (now - (since.get(callId) ?? now) < TOLD_WITHIN_MS) continue;
      log.warn({ callId, callbackId: id }, 'callback.lost');
      await tellLost(id, callId);
    }
  }

  /** Its snapshot is gone and with it the call; the citizen was not reached, as far as anybody knows. */
  async function tellLost(callbackId: string, callId: string): Promise<void> {
    const at = new Date(clock.now()).toISOString();
    const stamp = { callId, at, actor: 'system' };
    const tried = { callbackId, result: 'lost' } as const;
    await ledger.append({ ...stamp, seq: LOST_SEQ, kind: 'callback.tried', data: tried });
    const data = { ending: 'callback', endedAt: at, state: 'due', cause: null, note: 'lost' } as const;
    await ledger.append({ ...stamp, seq: LOST_SEQ + 1, kind: 'call.ended', data });
  }

  async function claimDue(): Promise<DueCallback[]> {
    const now = clock.now();
    return transaction(pool, async (db) => {
      const claimed: DueCallback[] = [];
      for (const row of await store.dueCallbacks(db, new Date(now), AT_ONCE)) {
        const opens = atOpening(hours, row.specialty, now);
        const names = calls.nameCallback();
        if (opens.getTime() > now) await store.putOff(db, row.id, opens);
        // One that was taken back and is to be called after all: the attempt from before comes to its end first.
        else if (names !== null && !calls.callingBack().has(row.id)) {
          await store.claim(db, row.id, names.callId, new Date(now));
          claimed.push({ ...names, ...promisedBy(row) });
        }
      }
      return claimed;
    });
  }

  let taking: Promise<{ begun: number }> | null = null;
  let again = false;

  async function takeNow(): Promise<{ begun: number }> {
    const attempts = await store.attemptsUnderWay(pool);
    recallUnwanted(attempts);
    await recover(attempts);
    const claimed = await claimDue();
    for (const one of claimed) {
      log.info({ callId: one.callId, callbackId: one.callbackId }, 'callback.taken');
      calls.callBack(one);
    }
    return { begun: claimed.length };
  }

  async function takeAll(): Promise<{ begun: number }> {
    let begun = 0;
    do {
      again = false;
      begun += (await takeNow()).begun;
    } while (again);
    return { begun };
  }

  return {
    take: () => {
      if (deps.trunk === '' || calls.nameCallback() === null) return Promise.resolve({ begun: 0 });
      // Asked again while it works: what has become due since is found by another look.
      again = taking !== null;
      taking ??= takeAll().finally(() => (taking = null));
      return taking;
    },
  };
}

const promisedBy = ({ id, number, specialty, placeAt }: DueRow) => ({
  ...{ callbackId: id, number, specialty },
  score: placeAt.getTime(),
});
