import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, fault } from '../platform/fault.ts';
import { HEAD_BYTES, keyIdIn, marksOf, seal, unseal, type Keyring } from './sealing.ts';

/** The folder of recordings: sealed files, and what is yet to be taken over. Paths are below it. */
export interface Vault {
  /**
   * Seals a sound under this name; durable when it resolves. A file that stands there already and holds the same sound stays,
   * so that doing it again changes nothing.
   */
  keep(path: string, sound: AsyncIterable<Uint8Array>): Promise<Kept>;
  /**
   * The sound, proven whole before the first of it is given out.
   * @throws `recording-missing`, `recording-damaged`, `recording-key-unknown`
   */
  sound(path: string, sha256: string): Promise<AsyncIterable<Buffer>>;
  /** What is known of a sealed file. null: it is not there, or cannot be read. */
  known(path: string): Promise<Kept | null>;
  /** A file as it lies there, unsealed. null: it is not there. */
  plain(path: string): Promise<AsyncIterable<Buffer> | null>;
  has(path: string): Promise<boolean>;
  /** As in sealing.ts. */
  marksOf(text: string): string[];
  /** Harmless where nothing is there. */
  remove(path: string): Promise<void>;
  /** Removes what was left half-written before that instant (ms since the epoch). @returns how many files */
  tidy(before: number): Promise<number>;
}

export interface Kept {
  path: string;
  /** Of the sound. */
  bytes: number;
  sha256: string;
  keyId: string;
  /** Of the file, by which a backup knows it. */
  fileSha256: string;
}

export interface VaultOptions {
  folder: string;
  keys: Keyring;
}

/** As the backup knows them, too (stack/backup-folder.mjs). */
const HALF_WRITTEN = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MISSING: readonly (string | null)[] = ['ENOENT', 'ENOTDIR', 'EISDIR'];

export function createVault({ folder, keys }: VaultOptions): Vault {
  const at = (path: string): string => join(folder, path);

  async function keep(path: string, sound: AsyncIterable<Uint8Array>): Promise<Kept> {
    const target = at(path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    // Written beside and put there at once: a file under its name is always whole.
    const half = `${target}.${randomUUID()}`;
    try {
      const written = { path, ...(await write(half, sound, keys)) };
      const kept = (await isPut(half, target)) ? written : await agree(written, half);
      await syncFolder(dirname(target));
      return kept;
    } finally {
      await rm(half, { force: true });
    }
  }

  /** Another one was there first; it stays if it holds the same, as a row may tell of it already. */
  async function agree(written: Kept, half: string): Promise<Kept> {
    const there = await sums(written.path);
    if (there?.sha256 === written.sha256) return there;
    await rename(half, at(written.path));
    return written;
  }

  /** null: it cannot be read. */
  async function sums(path: string): Promise<Kept | null> {
    const file = createHash('sha256');
    try {
      const head = await headOf(at(path));
      file.update(head);
      const told = await summed(unseal(head, hashed(bodyOf(at(path)), file), keys));
      return { path, ...told, keyId: keyIdIn(head), fileSha256: file.digest('hex') };
    } catch (error) {
      if (codeOf(error)?.startsWith('recording-') === true) return null;
      throw error;
    }
  }

  async function sound(path: string, sha256: string): Promise<AsyncIterable<Buffer>> {
    const head = await headOf(at(path));
    const pieces = () => unseal(head, bodyOf(at(path)), keys);
    if ((await summed(pieces())).sha256 === sha256) return pieces();
    throw fault('recording-damaged', 'The file holds another sound than its row tells of');
  }

  return {
    ...{ keep, sound, known: sums },
    plain: async (path) => ((await isFile(at(path))) ? read(at(path)) : null),
    has: (path) => isFile(at(path)),
    marksOf: (text) => marksOf(text, keys),
    remove: async (path) => {
      await rm(at(path), { force: true });
      await syncFolder(dirname(at(path)));
    },
    tidy: (before) => tidy(folder, before),
  };
}

type Parts = AsyncIterable<Buffer>;

async function write(path: string, sound: AsyncIterable<Uint8Array>, keys: Keyring) {
  const [plain, sealed] = [createHash('sha256'), createHash('sha256')];
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    const counted = hashed(sound, plain, (part) => (bytes += part.byteLength));
    for await (const piece of hashed(seal(counted, keys.current), sealed)) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: plain.digest('hex'), keyId: keys.current.id, fileSha256: sealed.digest('hex') };
}

/** Under this name, unless one has it. */
async function isPut(half: string, target: string): Promise<boolean> {
  try {
    await link(half, target);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function headOf(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (MISSING.includes(codeOf(error))) throw fault('recording-missing', 'The file is not there', error);
    throw error;
  }
}

const bodyOf = (path: string): Parts => read(path, HEAD_BYTES);

/** Opened when it is read, and closed by whoever stops reading. */
async function* read(path: string, start = 0): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { start }) as Parts;
}

async function* hashed<T extends Uint8Array>(
  parts: AsyncIterable<T>,
  hash: Hash,
  told: (part: T) => void = () => undefined,
): AsyncGenerator<T> {
  for await (const part of parts) {
    hash.update(part);
    told(part);
    yield part;
  }
}

async function summed(parts: Parts): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of parts) {
    hash.update(part);
    bytes += part.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (MISSING.includes(codeOf(error))) return false;
    throw error;
  }
}

/** A name is durable when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!MISSING.includes(codeOf(error))) throw error;
  }
}

async function tidy(folder: string, before: number): Promise<number> {
  let removed = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries.filter((one) => one.isFile() && HALF_WRITTEN.test(one.name))) {
    const path = join(entry.parentPath, entry.name);
    if ((await stat(path)).mtimeMs >= before) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}
