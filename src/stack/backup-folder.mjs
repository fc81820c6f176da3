/**
 * What a backup is: a folder `clinic-137-<UTC time>` with
 *
 *     database.dump     PostgreSQL, one snapshot (pg_dump's custom format)
 *     recordings/…      every sound the recordings folder held
 *     manifest.json     each file's size and SHA-256, written last: without it the folder is no backup
 */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { run } from './commands.mjs';
import { fault } from './fault.mjs';

export const DUMP = 'database.dump';
export const RECORDINGS = 'recordings';
export const MANIFEST = 'manifest.json';
export const FORMAT = 1;

/**
 * @typedef {{ bytes: number, sha256: string }} Sum
 * @typedef {{ format: number, createdAt: string, files: Record<string, Sum>, missing: string[] }} Manifest
 *   files: by path below the backup; missing: recordings the database tells of that were not in the folder
 */

/** Half-written ones carry a random end until they are whole (see calls/handover.ts); they belong to no row yet. */
const HALF_WRITTEN = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param {string} folder @returns {string[]} paths of the whole files below it; none where it does not exist */
export function filesBelow(folder) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !HALF_WRITTEN.test(entry.name))
      .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
      .sort();
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** @param {string} file @returns {Promise<Sum>} */
export async function sumOf(file) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Copies a file (mode 0600) to the disk, not only to memory. @returns {Promise<Sum>} of what was written */
export async function copySummed(from, to) {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  let bytes = 0;
  const target = await open(to, 'w', 0o600);
  try {
    for await (const chunk of createReadStream(from)) {
      hash.update(chunk);
      bytes += chunk.length;
      await target.writeFile(chunk);
    }
    await target.sync();
  } finally {
    await target.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Reads a backup and checks it against itself: every file whole, and each recording its database tells of among them.
 * @param {string} folder
 * @returns {Promise<Manifest>}
 * @throws fault backup-unreadable, backup-damaged naming what is wrong
 */
export async function checkBackup(folder) {
  const manifest = readManifest(folder);
  const wrong = [];
  for (const [path, sum] of Object.entries(manifest.files)) {
    const problem = await differs(join(folder, path), sum);
    if (problem !== null) wrong.push(`${path} ${problem}`);
  }
  if (wrong.length === 0) wrong.push(...(await lostRecordings(folder, manifest)));
  if (wrong.length > 0)
    throw fault('backup-damaged', `The backup is damaged: ${wrong.slice(0, 10).join('; ')}`);
  return manifest;
}

function readManifest(folder) {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
    if (manifest.format === FORMAT && manifest.files?.[DUMP] !== undefined) return manifest;
    throw fault('backup-unreadable', `${folder} is a backup of another format`);
  } catch (error) {
    if (error.code === 'backup-unreadable') throw error;
    throw fault('backup-unreadable', `${folder} is no whole backup: ${error.message}`, error);
  }
}

/** @returns {Promise<string | null>} */
async function differs(file, { bytes, sha256 }) {
  try {
    if (statSync(file).size !== bytes) return 'has another size';
  } catch (error) {
    if (error.code === 'ENOENT') return 'is missing';
    throw error;
  }
  return (await sumOf(file)).sha256 === sha256 ? null : 'was changed';
}

async function lostRecordings(folder, { files, missing }) {
  const lost = [];
  for (const [path, sha256] of await recordingsIn(join(folder, DUMP))) {
    if (missing.includes(path)) continue;
    const kept = files[`${RECORDINGS}/${path}`];
    if (kept === undefined) lost.push(`the recording ${path} is missing`);
    else if (kept.sha256 !== sha256) lost.push(`the recording ${path} is not the one the database tells of`);
  }
  return lost;
}

/**
 * The recordings a dump tells of, without those that were erased; read from the dump itself, so that dump and files are
 * compared and not two moments.
 * @param {string} dump
 * @returns {Promise<Map<string, string>>} path → SHA-256
 * @throws fault backup-unreadable
 */
export async function recordingsIn(dump) {
  const args = ['--data-only', '--table=recordings', '--file=-', dump];
  const { code, output, complaint } = await run('pg_restore', args);
  if (code !== 0) throw fault('backup-unreadable', `The dump cannot be read: ${complaint.trim()}`);
  const lines = output.split('\n');
  const head = lines.findIndex((line) => /^COPY \S*recordings \(/.test(line));
  if (head === -1) return new Map();
  const columns = /\(([^)]*)\)/.exec(lines[head])[1].split(', ');
  const rows = lines.slice(head + 1, lines.indexOf('\\.', head)).map((line) => line.split('\t'));
  const [path, sound, file, erased] = ['path', 'sha256', 'file_sha256', 'erased_at'].map((column) =>
    columns.indexOf(column),
  );
  // What lies in the clear, as everything did before recordings were sealed, is its own sound.
  const sumIn = (row) => (isNull(row[file]) ? row[sound] : row[file]);
  return new Map(rows.filter((row) => isNull(row[erased])).map((row) => [row[path], sumIn(row)]));
}

/** As COPY writes it; undefined: the dump is older than the column. */
const isNull = (value) => value === undefined || value === '\\N';
