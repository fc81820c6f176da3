/**
 * `npm run restore -- FOLDER`: a backup into an empty installation: DATABASE_URL names an empty database, RECORDINGS_DIR
 * an empty folder (or one an interrupted restore has begun to fill). Checks the backup before and the result after. Start
 * the application afterwards: it gives the exchange the experts' telephones and fills Redis. Prints one line of JSON.
 */
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkBackup, copySummed, DUMP, filesBelow, RECORDINGS, sumOf } from './backup-folder.mjs';
import { settingsOf } from './backup.mjs';
import { run } from './commands.mjs';
import { postgresEnv } from './database-url.mjs';
import { fault, tellAndFail } from './fault.mjs';

/** Whatever a person may have made in there, extensions' own objects aside. */
const COUNT_OBJECTS = `
  select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')`;

/**
 * The files first, the database last and in one transaction: what is interrupted in between can be begun again.
 * @param {{ folder: string, databaseUrl: string, recordingsDir: string }} options
 * @returns {Promise<{ createdAt: string, recordings: number, missing: string[] }>}
 * @throws faults database-not-empty, recordings-not-empty, restore-failed and those of backup-folder.mjs
 */
export async function restoreBackup({ folder, databaseUrl, recordingsDir }) {
  const manifest = await checkBackup(folder);
  const env = { ...process.env, ...postgresEnv(databaseUrl) };
  await needEmptyDatabase(env);
  const recordings = recordingsOf(manifest);
  await needOnly(recordings, recordingsDir);
  for (const [path, sum] of recordings) await putRecording(folder, recordingsDir, path, sum);
  const args = ['--exit-on-error', '--single-transaction', '--no-owner', '--no-privileges'];
  const { code, complaint } = await run(
    'pg_restore',
    [...args, `--dbname=${env.PGDATABASE}`, join(folder, DUMP)],
    { env },
  );
  if (code !== 0) throw fault('restore-failed', `pg_restore failed: ${complaint.trim()}`);
  return { createdAt: manifest.createdAt, recordings: recordings.size, missing: manifest.missing };
}

const recordingsOf = ({ files }) =>
  new Map(
    Object.entries(files)
      .filter(([path]) => path.startsWith(`${RECORDINGS}/`))
      .map(([path, sum]) => [path.slice(RECORDINGS.length + 1), sum]),
  );

async function needEmptyDatabase(env) {
  const { code, output, complaint } = await run('psql', ['-XAtq', '-c', COUNT_OBJECTS], { env });
  if (code !== 0) throw fault('restore-failed', `The database cannot be asked: ${complaint.trim()}`);
  if (output.trim() !== '0')
    throw fault(
      'database-not-empty',
      `The database ${env.PGDATABASE} is not empty (${output.trim()} tables and the like): a restore goes into a fresh one`,
    );
}

/** Nothing of another installation may be there, and nothing that differs: a restore overwrites no sound. */
async function needOnly(recordings, folder) {
  for (const path of filesBelow(folder)) {
    const wanted = recordings.get(path);
    if (wanted === undefined || (await sumOf(join(folder, path))).sha256 !== wanted.sha256)
      throw fault('recordings-not-empty', `${folder} holds ${path}, which is not the backup's`);
  }
}

async function putRecording(folder, recordingsDir, path, sum) {
  const target = join(recordingsDir, path);
  if (existsSync(target)) return;
  mkdirSync(recordingsDir, { recursive: true, mode: 0o700 });
  // Under its own name a file is always whole.
  const half = `${target}.${crypto.randomUUID()}`;
  const written = await copySummed(join(folder, RECORDINGS, path), half);
  if (written.sha256 !== sum.sha256)
    throw fault('restore-failed', `${path} was read differently from how it was checked`);
  renameSync(half, target);
}

async function main(args) {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [named, ...more] = positionals;
  if (named === undefined || more.length > 0)
    throw fault('usage-unknown', 'Usage: npm run restore -- FOLDER');
  const env = settingsOf(process.env, ['DATABASE_URL', 'RECORDINGS_DIR']);
  const folder = newestIn(resolve(named));
  const restored = await restoreBackup({
    ...{ folder, databaseUrl: env.DATABASE_URL, recordingsDir: resolve(env.RECORDINGS_DIR) },
  });
  process.stdout.write(`${JSON.stringify({ restored: folder, ...restored })}\n`);
}

/** A folder of backups stands for the newest of them. */
function newestIn(folder) {
  const backups = existsSync(folder)
    ? readdirSync(folder).filter((name) => /^clinic-137-[0-9TZ]+$/.test(name))
    : [];
  return backups.length === 0 ? folder : join(folder, backups.sort().at(-1));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch(tellAndFail);
}
