import { query, queryOne, type Queryable } from '../platform/sql.ts';

/** A creating request under the key its sender gave it. */
export interface KeyedRequest {
  accountId: string;
  /** Method and path. */
  route: string;
  key: string;
  /** Digest of the body. */
  hash: Buffer;
}

export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  payload: unknown;
}

/**
 * `ours`: run it. `answered`: it ran; give the answer again. `other`: the key was used for another body.
 * `running`: the first request has not ended. `lost`: it never will: its process died in it.
 */
export type Claim =
  { state: 'ours' | 'other' | 'running' | 'lost' } | { state: 'answered'; answer: KeptAnswer };

interface Row extends Record<string, unknown> {
  request_hash: Buffer;
  status: number | null;
  body: { headers: Record<string, string>; payload: unknown } | null;
  created_at: Date;
}

/** No request of ours runs longer: the server cuts them off before. */
const RUNNING_AT_MOST_MS = 60_000;

export async function claimKey(db: Queryable, request: KeyedRequest, nowMs: number): Promise<Claim> {
  const { accountId, route, key, hash } = request;
  const claimed = await query(db, 'staff/claim-idempotency-key', [accountId, route, key, hash]);
  if (claimed.length === 1) return { state: 'ours' };
  const row = await queryOne<Row>(db, 'staff/find-idempotency-key', [accountId, route, key]);
  // Between the two statements the first request may have failed and given the key back: the sender asks once more.
  if (row === null) return { state: 'running' };
  if (!row.request_hash.equals(hash)) return { state: 'other' };
  if (row.status === null || row.body === null) {
    return { state: nowMs - row.created_at.getTime() > RUNNING_AT_MOST_MS ? 'lost' : 'running' };
  }
  return { state: 'answered', answer: { status: row.status, ...row.body } };
}

export async function keepAnswer(db: Queryable, request: KeyedRequest, answer: KeptAnswer): Promise<void> {
  const { status, headers, payload } = answer;
  const { accountId, route, key } = request;
  const body = JSON.stringify({ headers, payload });
  await query(db, 'staff/keep-idempotent-answer', [accountId, route, key, status, body]);
}

/** The request created nothing: the same key may try again. */
export async function releaseKey(db: Queryable, { accountId, route, key }: KeyedRequest): Promise<void> {
  await query(db, 'staff/release-idempotency-key', [accountId, route, key]);
}
