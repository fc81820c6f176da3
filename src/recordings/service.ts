import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Log } from '../log.ts';
import { fault } from '../platform/fault.ts';
import type { Queryable } from '../platform/sql.ts';
import { recordAudit } from '../staff/audit.ts';
import { importedPath, sealedPath } from './names.ts';
import {
  expertOfCall,
  findRecording,
  importedSound,
  isRecordingsOwn,
  markSealed,
  putImported,
  recordingsOfCall,
  unsealed,
  type FoundRecording,
  type ImportedSound,
  type RecordingRow,
} from './store.ts';
import type { Kept, Vault } from './vault.ts';

/** What was recorded and what citizens have left, as staff get at it. */
export interface Recordings {
  find(id: string): Promise<FoundRecording | null>;
  /** null: there is no such call. */
  ofCall(callId: string): Promise<RecordingRow[] | null>;
  /** Who talked last in a call; undefined: there is no such call. */
  expertOf(callId: string): Promise<string | null | undefined>;
  /**
   * The sound itself. Who listened stands in the audit before the first of it is given out.
   * @throws `recording-missing`, `recording-damaged`, `recording-key-unknown`
   */
  listen(recording: FoundRecording, actor: string): Promise<AsyncIterable<Buffer>>;
  /** Seals what lies in the clear from before. May be repeated. @returns how many */
  sealOld(): Promise<number>;
  imports: ImportedSounds;
}

export type { ImportedSound };

/** Sounds of messages from elsewhere, which somebody has put below the folder of recordings. */
export interface ImportedSounds {
  /** Of one that lies there or was taken over under this name. null: there is none */
  hashOf(name: string): Promise<string | null>;
  /** Hashes of a message's content with the key of recordings, and after it with those before it. */
  marksOf(content: string): string[];
  /** Seals it, for the message of this hash. null: it was taken over for this very message, and lies there no more. */
  keep(name: string, hash: string): Promise<Kept | null>;
  /** In the transaction that opens the case. */
  put(db: Queryable, sound: ImportedSound): Promise<void>;
  /** What lay in the clear; only once the row stands. */
  remove(name: string): Promise<void>;
}

export interface RecordingsDeps {
  pool: Pool;
  vault: Vault;
  log: Log;
}

const SEAL_AT_ONCE = 100;

export function createRecordings({ pool, vault, log }: RecordingsDeps): Recordings {
  /** The row last: a process that ends in between leaves nothing in the clear of which nobody knows. */
  async function sealed(id: string, path: string): Promise<boolean> {
    const sound = await vault.plain(path);
    const target = sealedPath(path);
    const kept = sound === null ? await vault.known(target) : await vault.keep(target, sound);
    if (kept === null) return false;
    await vault.remove(path);
    await markSealed(pool, id, kept);
    return true;
  }

  async function listen(recording: FoundRecording, actor: string): Promise<AsyncIterable<Buffer>> {
    const { id, callId, caseId, kind, sha256 } = recording;
    let { path } = recording;
    if (recording.keyId === null) {
      if (!(await sealed(id, path))) throw fault('recording-missing', 'The file is not there');
      path = sealedPath(path);
    }
    const sound = await vault.sound(path, sha256);
    const detail = { kind, callId, caseId };
    await recordAudit(pool, { actor, action: 'recording.heard', subject: `recording:${id}`, detail });
    log.info({ recording: id, callId, actor }, 'recording.heard');
    return sound;
  }

  async function sealOld(): Promise<number> {
    let count = 0;
    for (const { id, path } of await unsealed(pool, SEAL_AT_ONCE)) {
      if (await sealed(id, path)) count += 1;
      else log.error({ recording: id, alarm: true }, 'recording.missing');
    }
    if (count > 0) log.info({ count }, 'recordings.sealed');
    return count;
  }

  return {
    find: (id) => findRecording(pool, id),
    ofCall: async (callId) =>
      (await expertOfCall(pool, callId)) === undefined ? null : recordingsOfCall(pool, callId),
    expertOf: (callId) => expertOfCall(pool, callId),
    ...{ listen, sealOld },
    imports: importsOf(pool, vault),
  };
}

function importsOf(pool: Pool, vault: Vault): ImportedSounds {
  /** A recording of ours is not taken over, and above all not removed afterwards. */
  const lying = async (name: string) =>
    name.endsWith(sealedPath('')) || (await isRecordingsOwn(pool, name)) ? null : vault.plain(name);
  /** Taken over for another message. */
  const earlier = async (name: string, hash: string) => {
    const known = await importedSound(pool, name);
    return known === null || known.path === importedPath(hash) ? null : vault.sound(known.path, known.sha256);
  };
  return {
    hashOf: async (name) => {
      const sound = await lying(name);
      return sound === null ? ((await importedSound(pool, name))?.sha256 ?? null) : sumOf(sound);
    },
    marksOf: (content) => vault.marksOf(content),
    keep: async (name, hash) => {
      const sound = (await lying(name)) ?? (await earlier(name, hash));
      return sound === null ? null : vault.keep(importedPath(hash), sound);
    },
    put: putImported,
    remove: async (name) => {
      if ((await lying(name)) !== null) await vault.remove(name);
    },
  };
}

async function sumOf(sound: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of sound) hash.update(part);
  return hash.digest('hex');
}
