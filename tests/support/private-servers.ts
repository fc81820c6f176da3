import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort } from './ports.ts';
import { waitFor } from './wait.ts';

/** A server of a test's own, which it may stop, kill and empty as it likes. */
export interface PrivateServer {
  url: string;
  /** Where its data are. */
  folder: string;
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Kills it and removes its data. */
  remove(): Promise<void>;
}

export async function startPrivateRedis(): Promise<PrivateServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'clinic-redis-'));
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  return supervise(`redis://127.0.0.1:${port}`, folder, {
    launch: () =>
      spawn('redis-server', [...options, '--save', '', '--maxmemory-policy', 'noeviction'], {
        stdio: 'ignore',
      }),
    answers: async (url) => {
      const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
      redis.on('error', () => undefined);
      await redis.connect();
      await redis.ping();
      redis.disconnect();
    },
  });
}

export interface PostgresOptions {
  /** Lines of postgresql.conf. */
  settings?: readonly string[];
  /** A file system of so many megabytes at `<folder>/small`, which goes with the server; see mayMount. 0: none. */
  smallDiskMb?: number;
}

/** PostgreSQL refuses to run as root: there it runs as `postgres`, in a folder that account can reach. */
export async function startPrivatePostgres({
  settings = [],
  smallDiskMb = 0,
}: PostgresOptions = {}): Promise<PrivateServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'clinic-postgres-'));
  const asRoot = process.getuid?.() === 0;
  const bin = postgresBin();
  if (asRoot) execFileSync('chown', ['postgres', folder]);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const initdb = [
    join(bin, 'initdb'),
    '-D',
    data,
    '-A',
    'trust',
    '-U',
    'clinic',
    '--locale=C.UTF-8',
    '-E',
    'UTF8',
  ];
  const [command = '', ...args] = asRoot ? ['runuser', '-u', 'postgres', '--', ...initdb] : initdb;
  execFileSync(command, args, { stdio: 'ignore', cwd: '/' });
  appendFileSync(
    join(data, 'postgresql.conf'),
    [`port=${port}`, "listen_addresses='127.0.0.1'", "unix_socket_directories=''", ...settings, ''].join(
      '\n',
    ),
  );
  const account = asRoot ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  return supervise(`postgres://clinic@127.0.0.1:${port}/postgres`, folder, {
    launch: () =>
      launch('SIGQUIT', account, [join(bin, 'postgres'), '-D', data], smallDisk(folder, smallDiskMb)),
    answers: async (url) => {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
      await client.connect();
      await client.end();
    },
    // SIGQUIT: PostgreSQL's own crash, which ends its children too.
    signal: 'SIGQUIT',
  });
}

/**
 * setpriv becomes the server, so that the process we hold is the one to kill; the kernel ends it with `signal` when the
 * test process dies.
 */
function launch(
  signal: NodeJS.Signals,
  account: readonly string[],
  server: readonly string[],
  before: readonly string[] = [],
): ChildProcess {
  const [command = '', ...args] = [...before, 'setpriv', '--pdeathsig', signal, ...account, '--', ...server];
  return spawn(command, args, { stdio: 'ignore', cwd: '/' });
}

/** Whether a process may be given file systems of its own: as root, and where a container does not forbid it. */
export function mayMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  return spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', tmpdir()]).status === 0;
}

/** What runs before a server, in the same process: it sees a file system that nobody else sees and that ends with it. */
function smallDisk(folder: string, megabytes: number): string[] {
  if (megabytes === 0) return [];
  const place = join(folder, 'small');
  mkdirSync(place, { recursive: true });
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=0700,uid=postgres none '${place}' && exec "$@"`;
  return ['unshare', '-m', 'sh', '-c', mount, 'sh'];
}

interface Recipe {
  launch: () => ChildProcess;
  answers: (url: string) => Promise<void>;
  signal?: NodeJS.Signals;
}

async function supervise(
  url: string,
  folder: string,
  { launch: begin, answers, signal = 'SIGKILL' }: Recipe,
): Promise<PrivateServer> {
  let child: ChildProcess | null = null;
  const server: PrivateServer = {
    ...{ url, folder },
    async start() {
      const started = begin();
      child = started;
      await waitFor(
        () =>
          answers(url).then(
            () => true,
            (error: unknown) => {
              if (started.exitCode !== null)
                throw new Error(`${started.spawnfile} ended with ${started.exitCode}`, { cause: error });
              return false;
            },
          ),
        20_000,
      );
    },
    async kill() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill(signal);
      await ended;
    },
    async remove() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

function postgresBin(): string {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  const debian = versions
    .map((version) => join(base, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
  if (debian !== undefined) return debian;
  return spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout.trim();
}
