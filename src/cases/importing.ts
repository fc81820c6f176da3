import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import { query, transaction, type Queryable } from '../platform/sql.ts';
import type { ImportedSound, ImportedSounds } from '../recordings/service.ts';
import { recordAudit } from '../staff/audit.ts';
import { readMessages, type BadRow, type Message } from './messages.ts';
import type { CaseWriter } from './writer.ts';

/**
 * Takes old unanswered messages over as cases. The whole text is looked at first: with one bad row nothing is taken, unless
 * that was asked for. The same message is taken once, however often it is sent.
 */
export interface CaseImport {
  run(text: string, how: { skipBad: boolean; actor: string }): Promise<Imported>;
}

export interface Imported {
  opened: number;
  /** Taken over before, or twice in the text. */
  known: number;
  /** Nothing was taken if there are any and skipping was not asked for. */
  bad: BadRow[];
}

export interface ImportDeps {
  pool: Pool;
  clock: Clock;
  writer: CaseWriter;
  areaCode: string;
  zone: string;
  sounds: ImportedSounds;
}

export function createCaseImport(deps: ImportDeps): CaseImport {
  const { pool, clock, writer, areaCode, zone, sounds } = deps;

  async function run(
    text: string,
    { skipBad, actor }: { skipBad: boolean; actor: string },
  ): Promise<Imported> {
    const found = await query<{ key: string }>(pool, 'cases/all-specialties');
    const specialties = found.map(({ key }) => key);
    const { messages, bad } = readMessages(text, { specialties, areaCode, zone, now: clock.now() });
    const told = new Map<Message, string[]>();
    for (const message of messages) {
      const hashes = await hashesOf(message, sounds);
      if (hashes === null) bad.push({ line: message.line, reason: 'recording-missing' });
      else told.set(message, hashes);
    }
    const known = await knownOf(pool, [...told.values()].flat());
    const byHash = new Map<string, Fresh>();
    for (const [message, hashes] of told) {
      const hash = hashes.find((one) => known.has(one)) ?? hashes[0] ?? '';
      const same = byHash.get(hash);
      if (same === undefined) byHash.set(hash, { message, names: namesOf(message) });
      else same.names.push(...namesOf(message));
    }
    bad.sort((a, b) => a.line - b.line);
    if (bad.length > 0 && !skipBad) return { opened: 0, known: 0, bad };
    const kept = await sealAll(byHash);
    const opened = await take(byHash, kept, actor);
    for (const { names } of byHash.values()) for (const name of names) await sounds.remove(name);
    return { opened, known: messages.length - missing(bad) - opened, bad };
  }

  /** Before the transaction, which is not to wait for files; without a row to it a sealed one is taken up by the next try. */
  async function sealAll(byHash: ReadonlyMap<string, Fresh>): Promise<ImportedSound[]> {
    const sealed: ImportedSound[] = [];
    for (const [hash, { message, names }] of byHash) {
      for (const name of names) {
        const kept = await sounds.keep(name, hash);
        if (kept === null) continue;
        sealed.push({ hash, kept, names, receivedAt: message.receivedAt });
        break;
      }
    }
    return sealed;
  }

  const take = (
    byHash: ReadonlyMap<string, Fresh>,
    kept: readonly ImportedSound[],
    actor: string,
  ): Promise<number> =>
    transaction(pool, async (db) => {
      await query(db, 'cases/lock-imports');
      const known = await knownOf(db, [...byHash.keys()]);
      const fresh = [...byHash].filter(([hash]) => !known.has(hash));
      for (const [hash, { message }] of fresh) {
        const { number, specialty, receivedAt, recording, note } = message;
        const data = {
          ...{ reason: 'imported' },
          ...(note === null ? {} : { note }),
          ...(recording === null ? {} : { recording }),
        };
        const facts = { reason: 'imported', number, specialty, openedAt: receivedAt } as const;
        const { id } = await writer.open(db, { ...facts, callId: null, actor, data });
        await query(db, 'cases/add-import', [hash, id]);
      }
      for (const sound of kept) await sounds.put(db, sound);
      const detail = { opened: fresh.length };
      await recordAudit(db, { actor, action: 'cases.imported', subject: 'cases', detail });
      return fresh.length;
    });

  return { run };
}

const missing = (bad: readonly BadRow[]): number =>
  bad.filter(({ reason }) => reason === 'recording-missing').length;

/** A message, and the names under which its sound was given. */
interface Fresh {
  message: Message;
  names: string[];
}

const namesOf = ({ recording }: Message): string[] => (recording === null ? [] : [recording]);

const knownOf = async (db: Queryable, hashes: readonly string[]): Promise<Set<string>> =>
  new Set((await query<{ hash: string }>(db, 'cases/imported', [hashes])).map(({ hash }) => hash));

/**
 * By which a message is known, the present one first, then those it may have from before. With a key, as the hash outlives the
 * number, which could be found by trying. Of a recording its sound counts, not its name. null: it is not there.
 */
async function hashesOf(message: Message, sounds: ImportedSounds): Promise<string[] | null> {
  const { number, receivedAt, specialty, recording, note } = message;
  const sound = recording === null ? '' : await sounds.hashOf(recording);
  if (sound === null) return null;
  const content = JSON.stringify([number, receivedAt.toISOString(), specialty, sound, note]);
  return [...sounds.marksOf(content), sha256(content)];
}

/** What was taken over before there was a key to it. */
const sha256 = (what: string): string => createHash('sha256').update(what).digest('hex');
