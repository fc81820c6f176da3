import { query, queryOne, type Queryable } from '../platform/sql.ts';
import type { TalkName } from './names.ts';
import type { Kept } from './vault.ts';

/** The rows of recordings. Those of messages come from the ledger (calls/projection.ts). */

export type RecordingKind = 'message' | 'talk' | 'imported';

export interface RecordingRow {
  id: string;
  callId: string | null;
  caseId: string | null;
  kind: RecordingKind;
  path: string;
  /** Of the sound; PostgreSQL's bigint arrives as text. */
  bytes: string;
  seconds: number | null;
  sha256: string;
  /** null: it lies in the clear still. */
  keyId: string | null;
  expertId: string | null;
  startedAt: Date | null;
  createdAt: Date;
  /** Names an imported one had. */
  sources: string[];
  erasedAt: Date | null;
}

export interface FoundRecording extends RecordingRow {
  /** Account id of whoever owns the case it belongs to. */
  caseOwner: string | null;
}

type Row = Record<string, unknown>;
type Id = { id: string };

export const talkIsKept = async (db: Queryable, offerId: string): Promise<boolean> =>
  (await queryOne<Id>(db, 'recordings/talk-is-kept', [offerId])) !== null;

/** False where the call's own row is not there yet. */
export async function addTalk(
  db: Queryable,
  { callId, offerId }: TalkName,
  kept: Kept & { seconds: number },
): Promise<boolean> {
  const { path, bytes, seconds, sha256, keyId, fileSha256 } = kept;
  const row = await queryOne<Id>(db, 'recordings/add-talk', [
    ...[callId, offerId, path, bytes, seconds, sha256, keyId, fileSha256],
  ]);
  return row !== null || (await talkIsKept(db, offerId));
}

export const findRecording = (db: Queryable, id: string) =>
  queryOne<FoundRecording & Row>(db, 'recordings/find-recording', [id]);

export const recordingsOfCall = (db: Queryable, callId: string) =>
  query<RecordingRow & Row>(db, 'recordings/recordings-of-call', [callId]);

/** Who talked last in a call; undefined: there is no such call. */
export const expertOfCall = async (db: Queryable, callId: string): Promise<string | null | undefined> =>
  (await queryOne<{ expertId: string | null }>(db, 'recordings/call-expert', [callId]))?.expertId;

export interface ImportedSound {
  /** Of the message's content, by which its case is known. */
  hash: string;
  kept: Kept;
  receivedAt: Date;
  names: readonly string[];
}

export async function putImported(db: Queryable, { hash, kept, receivedAt, names }: ImportedSound) {
  const { path, bytes, sha256, keyId, fileSha256 } = kept;
  await query(db, 'recordings/put-imported', [
    ...[hash, path, bytes, sha256, keyId, fileSha256, receivedAt, names],
  ]);
}

export const importedSound = (db: Queryable, name: string) =>
  queryOne<{ path: string; sha256: string }>(db, 'recordings/imported-sound', [name]);

export const isRecordingsOwn = async (db: Queryable, path: string): Promise<boolean> =>
  (await queryOne<Id>(db, 'recordings/is-path', [path])) !== null;

export const unsealed = (db: Queryable, limit: number) =>
  query<{ id: string; path: string }>(db, 'recordings/unsealed-recordings', [limit]);

export const markSealed = async (db: Queryable, id: string, kept: Kept): Promise<boolean> =>
  (await queryOne<Id>(db, 'recordings/mark-sealed', [id, kept.path, kept.keyId, kept.fileSha256])) !== null;
