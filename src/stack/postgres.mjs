/**
 * The stack's own PostgreSQL cluster: UTF-8, passwords by SCRAM, on loopback alone and without a socket file.
 * PostgreSQL refuses to run as root; see accounts.mjs for what happens then.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { accountNamed, dataFolder, ownFolder } from './accounts.mjs';
import { run } from './commands.mjs';
import { fault } from './fault.mjs';
import { assertFree } from './ports.mjs';
import { running, start, stop, untilReady, writeAside } from './processes.mjs';

const DEBIAN_VERSIONS = '/usr/lib/postgresql';
const START_WITHIN_MS = 120_000;
const HOST = '127.0.0.1';

/** @returns {string} the folder of a stack's cluster and of its superuser's password */
export function clusterHome(layout) {
  return dataFolder(layout.postgres, 'postgres');
}

const filesOf = (layout) => ({
  recordFile: join(layout.pids, 'postgres.json'),
  logFile: join(layout.logs, 'postgres.log'),
});

/**
 * Starts the cluster, made first where there is none, with the role and database `clinic`.
 * @param {{ layout: ReturnType<import('./paths.mjs').layoutOf>, ports: import('./ports.mjs').Ports, password: string, test: boolean, synced?: boolean }} options
 *   test: the role may create databases, and nothing is synced to the disk unless `synced` says so
 * @returns {Promise<{ pid: number, started: boolean }>}
 */
export async function startPostgres({ layout, ports, password, test, synced = !test }) {
  const files = filesOf(layout);
  const home = clusterHome(layout);
  const data = join(home, 'data');
  const settings = {
    ...{ port: ports.postgres, listen_addresses: HOST, unix_socket_directories: '' },
    // Not the row that was refused: citizens' numbers stand in it.
    log_error_verbosity: 'terse',
    ...{ max_connections: test ? 300 : 100, fsync: synced ? 'on' : 'off' },
  };
  const args = [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const fingerprint = createHash('sha256')
    .update([password, ...args].join('\0'))
    .digest('hex');
  const found = running(files.recordFile);
  const started = found?.fingerprint !== fingerprint;
  if (started) {
    if (found) await stopPostgres(layout);
    assertFree(ports, ['postgres']);
    const account = await accountNamed('postgres');
    if (!existsSync(data)) await makeCluster(home, account);
    const program = join(binariesOf(readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()), 'postgres');
    await start({ ...files, ...account, fingerprint, program, args, cwd: home });
  }
  // Also where it ran already: whoever started it may have been interrupted before this.
  const ready = async () =>
    (await run('pg_isready', ['-q', '-h', HOST, '-p', String(ports.postgres)])).code === 0;
  await untilReady({ ...files, name: 'PostgreSQL', withinMs: START_WITHIN_MS, ready });
  await putDatabase({ home, port: ports.postgres, password, test });
  return { pid: running(files.recordFile).pid, started };
}

/** SIGINT is PostgreSQL's fast shutdown: it does not wait for its clients. */
export const stopPostgres = (layout) => stop(filesOf(layout).recordFile, { signal: 'SIGINT' });
export const runningPostgres = (layout) => running(filesOf(layout).recordFile)?.pid ?? null;

/** @param {string} [version] that of an existing cluster; else the newest installed */
function binariesOf(version) {
  const versions = existsSync(DEBIAN_VERSIONS) ? readdirSync(DEBIAN_VERSIONS) : [];
  const installed = versions
    .filter((name) => existsSync(join(DEBIAN_VERSIONS, name, 'bin', 'postgres')))
    .sort((a, b) => Number(b) - Number(a));
  const chosen = version ?? installed[0];
  if (!installed.includes(chosen))
    throw fault('postgres-missing', `PostgreSQL ${chosen ?? ''} is not installed below ${DEBIAN_VERSIONS}`);
  return join(DEBIAN_VERSIONS, chosen, 'bin');
}

/** Made under another name first: what is called `data` is complete. */
async function makeCluster(home, account) {
  ownFolder(home, account);
  const passwordFile = join(home, 'superuser');
  writeAside(passwordFile, randomBytes(24).toString('hex'));
  if (account.uid !== undefined) chownSync(passwordFile, account.uid, account.gid);
  const fresh = join(home, 'data.new');
  rmSync(fresh, { recursive: true, force: true });
  const { code, complaint } = await run(
    join(binariesOf(), 'initdb'),
    [
      ...['-D', fresh, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions'],
    ],
    { ...account, cwd: home },
  );
  if (code !== 0)
    throw fault('postgres-initdb-failed', `PostgreSQL's cluster cannot be made: ${complaint.trim()}`);
  renameSync(fresh, join(home, 'data'));
}

/** The superuser's password lies beside the cluster, so that the two are never parted; ours comes from the state folder. */
async function putDatabase({ home, port, password, test }) {
  const sql = `
    select 'create role clinic' where not exists (select from pg_roles where rolname = 'clinic') \\gexec
    alter role clinic login nosuperuser ${test ? 'createdb' : 'nocreatedb'} nocreaterole password '${password}';
    select 'create database clinic owner clinic' where not exists (select from pg_database where datname = 'clinic') \\gexec
    revoke connect on database clinic from public;
  `;
  const { code, complaint } = await run(
    'psql',
    [
      '-X',
      '-q',
      '-v',
      'ON_ERROR_STOP=1',
      '-h',
      HOST,
      '-p',
      String(port),
      '-U',
      'postgres',
      '-d',
      'postgres',
      '-f',
      '-',
    ],
    { input: sql, env: { ...process.env, PGPASSWORD: readFileSync(join(home, 'superuser'), 'utf8') } },
  );
  if (code !== 0) throw fault('postgres-setup-failed', `PostgreSQL cannot be set up: ${complaint.trim()}`);
}
