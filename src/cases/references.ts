import { randomInt } from 'node:crypto';
import type { Log } from '../log.ts';
import { fault, messageOf } from '../platform/fault.ts';
import { query, queryOne, type Queryable } from '../platform/sql.ts';
import { answerWithin } from '../platform/within.ts';
import { referenceOf, REFERENCES } from './reference.ts';

/** Under which number a citizen will know what a call leaves behind, told before the call is over and its case is there. */
export interface References {
  /** Of the case that the call opens, joins or belongs to; null: not to be told now. Never throws, and answers soon. */
  of(callId: string): Promise<string | null>;
}

/** Between two words: a database that is away must not keep a citizen waiting. */
const PATIENCE_MS = 200;
/** With half of the nine million taken one of twenty in a row is free but once in a million. */
const TRIES = 20;
/** A call is over within hours; what PostgreSQL has missed of it is written when it is back. */
const KEPT_MS = 30 * 86_400_000;

export function createReferences({ pool, log }: { pool: Queryable; log: Log }): References {
  return {
    of: (callId) =>
      answerWithin<string | null>(reserveReference(pool, callId), {
        ...{ ms: PATIENCE_MS, otherwise: null },
        onFault: (error) => log.warn({ callId, detail: messageOf(error) }, 'reference.unknown'),
      }),
  };
}

/** At random, so that from one's own nobody can tell another's, nor how many there are. The same as often as a call asks. */
export async function reserveReference(db: Queryable, callId: string | null): Promise<string> {
  for (let tries = 0; tries < TRIES; tries++) {
    const wanted = [callId, referenceOf(randomInt(REFERENCES))];
    const row = await queryOne<{ reference: string }>(db, 'cases/reserve-reference', wanted);
    if (row !== null) return row.reference;
  }
  throw fault('references-exhausted', 'No free reference was found');
}

/** null: none was told in this call. */
export const toldIn = async (db: Queryable, callId: string): Promise<string | null> =>
  (await queryOne<{ reference: string }>(db, 'cases/reference-of-call', [callId]))?.reference ?? null;

/** What led to no case is free again. now: milliseconds since the epoch. @returns how many */
export const purgeReferences = async (db: Queryable, now: number): Promise<number> =>
  (await query(db, 'cases/purge-references', [new Date(now - KEPT_MS)])).length;
