/**
 * `npm run backup [-- --keep N | --check FOLDER]`: PostgreSQL and the recordings into a new folder below BACKUP_DIR, while
 * the application works; with --keep the oldest are removed beyond N, with --check an earlier one is checked. Takes
 * DATABASE_URL and RECORDINGS_DIR as the application does (also as `…_FILE`). Prints one line of JSON. See sql/README.md.
 */
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkBackup, copySummed, DUMP, filesBelow } from './backup-folder.mjs';
import { FORMAT, MANIFEST, RECORDINGS, recordingsIn, sumOf } from './backup-folder.mjs';
import { run, withLock } from './commands.mjs';
import { postgresEnv, valueOrFile } from './database-url.mjs';
import { fault, tellAndFail } from './fault.mjs';

const NAME = /^clinic-137-[0-9]{8}T[0-9]{6}Z$/;
const UNFINISHED = '.unfinished';
/** Told to whoever watches: the backup is kept, and something in it was lost before. */
const INCOMPLETE_EXIT = 2;

/**
 * @param {{ databaseUrl: string, recordingsDir: string, backupDir: string, keep?: number, now?: Date }} options
 * @returns {Promise<{ folder: string, manifest: import('./backup-folder.mjs').Manifest, removed: string[] }>}
 * @throws faults backup-failed, backup-exists and those of database-url.mjs
 */
export async function makeBackup({ databaseUrl, recordingsDir, backupDir, keep, now = new Date() }) {
  mkdirSync(backupDir, { recursive: true, mode: 0o700 });
  const waiting = () => process.stderr.write('another backup is being made here; waiting for it\n');
  return withLock(join(backupDir, '.lock'), waiting, async () => {
    // Under the lock whatever is unfinished was left by one that died.
    for (const name of readdirSync(backupDir))
      if (name.endsWith(UNFINISHED)) rmSync(join(backupDir, name), { recursive: true });
    const folder = join(backupDir, nameAt(now));
    if (existsSync(folder)) throw fault('backup-exists', `${folder} is there already`);
    const fresh = `${folder}${UNFINISHED}`;
    mkdirSync(fresh, { mode: 0o700 });
    const manifest = await fill(fresh, { databaseUrl, recordingsDir, now });
    renameSync(fresh, folder);
    return { folder, manifest, removed: keep === undefined ? [] : removeBeyond(backupDir, keep) };
  });
}

const nameAt = (now) => `clinic-137-${now.toISOString().replace(/[-:]|\.[0-9]+/g, '')}`;

/**
 * The database first: a recording is written before the row that tells of it and stays, so every row of the snapshot
 * finds its file afterwards. What came in between is too much, which does no harm.
 */
async function fill(folder, { databaseUrl, recordingsDir, now }) {
  await dump(join(folder, DUMP), databaseUrl);
  const files = { [DUMP]: await sumOf(join(folder, DUMP)) };
  for (const path of filesBelow(recordingsDir)) {
    const kept = `${RECORDINGS}/${path}`;
    files[kept] = await copySummed(join(recordingsDir, path), join(folder, kept));
  }
  const told = [...(await recordingsIn(join(folder, DUMP))).keys()];
  const missing = told.filter((path) => files[`${RECORDINGS}/${path}`] === undefined);
  const manifest = { format: FORMAT, createdAt: now.toISOString(), files, missing };
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o600,
    flush: true,
  });
  return checkBackup(folder);
}

async function dump(file, databaseUrl) {
  // Nobody but the owner may read it, from its first byte on.
  writeFileSync(file, '', { mode: 0o600 });
  const args = ['--format=custom', '--no-owner', '--no-privileges', `--file=${file}`];
  const env = { ...process.env, ...postgresEnv(databaseUrl) };
  const { code, complaint } = await run('pg_dump', args, { env });
  if (code !== 0) throw fault('backup-failed', `pg_dump failed: ${complaint.trim()}`);
}

function removeBeyond(backupDir, keep) {
  const all = readdirSync(backupDir).filter((name) => NAME.test(name));
  const old = all.sort().slice(0, Math.max(0, all.length - keep));
  for (const name of old) rmSync(join(backupDir, name), { recursive: true });
  return old;
}

/**
 * @param {Record<string, string | undefined>} env
 * @throws fault usage-unknown naming what is not set
 */
export function settingsOf(env, names) {
  const settings = Object.fromEntries(names.map((name) => [name, valueOrFile(env, name)]));
  const missing = names.filter((name) => settings[name] === '');
  if (missing.length > 0) throw fault('usage-unknown', `${missing.join(', ')} must be set`);
  return settings;
}

async function main(args) {
  const { values } = parseArgs({ args, options: { keep: { type: 'string' }, check: { type: 'string' } } });
  if (values.check !== undefined) {
    const { createdAt, files, missing } = await checkBackup(resolve(values.check));
    return tell({ checked: values.check, createdAt, files: Object.keys(files).length, missing });
  }
  const keep = values.keep === undefined ? undefined : Number(values.keep);
  if (keep !== undefined && !(Number.isInteger(keep) && keep > 0))
    throw fault('usage-unknown', '--keep takes a whole number above 0');
  const env = settingsOf(process.env, ['DATABASE_URL', 'RECORDINGS_DIR', 'BACKUP_DIR']);
  const { folder, manifest, removed } = await makeBackup({
    ...{ databaseUrl: env.DATABASE_URL, recordingsDir: resolve(env.RECORDINGS_DIR) },
    ...{ backupDir: resolve(env.BACKUP_DIR), keep },
  });
  const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  return tell({
    ...{ folder, files: Object.keys(manifest.files).length, bytes },
    ...{ missing: manifest.missing, removed },
  });
}

function tell(found) {
  process.stdout.write(`${JSON.stringify(found)}\n`);
  if (found.missing.length > 0) process.exitCode = INCOMPLETE_EXIT;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch(tellAndFail);
}
