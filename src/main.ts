import closeWithGrace from 'close-with-grace';
import { Registry } from 'prom-client';
import { systemClock } from './clock.ts';
import { ConfigError, readConfig, roles, type Config, type Role } from './config.ts';
import { createLog, type Log } from './log.ts';
import { codeOf, messageOf } from './platform/fault.ts';
import { migrate } from './platform/migrate.ts';
import { createPool } from './platform/pool.ts';
import { closeRedis, createRedis } from './platform/redis.ts';
import { startCalls } from './roles/calls.ts';
import { startJobs } from './roles/jobs.ts';
import { startProbes } from './roles/probes.ts';
import { untilItWorks, type RunningRole, type Shared } from './roles/role.ts';
import { startWatch } from './roles/watch.ts';
import { startWeb } from './roles/web.ts';

/** Starts the roles asked for and closes them in reverse order. */

/** Longer than the longest orderly end: the outbox may take two seconds to empty. */
const CLOSE_WITHIN_MS = 8000;
/** How long the start waits for the schema; the line itself works without PostgreSQL, so it is not awaited for ever. */
const SCHEMA_PATIENCE_MS = 5000;

/** probes: what a process without the role `web` starts in its place. */
type Part = Role | 'probes';

const START: Readonly<Record<Part, (shared: Shared, signal: AbortSignal) => Promise<RunningRole>>> = {
  calls: startCalls,
  web: startWeb,
  jobs: startJobs,
  watch: startWatch,
  probes: startProbes,
};

function configuration(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** The schema is this program's own, or the process ends: writing into a newer one would do harm. */
function prepareSchema(
  config: Config,
  log: Log,
  signal: AbortSignal,
  giveUp: Shared['giveUp'],
): Promise<void> {
  const isFinal = (error: unknown) => codeOf(error) !== 'database-away';
  const done = untilItWorks('schema', () => migrate(config.DATABASE_URL, log), {
    log,
    signal,
    isFinal,
  }).catch((error: unknown) => {
    if (!signal.aborted) giveUp(`the database cannot be used: ${messageOf(error)}`);
  });
  const patience = new Promise<void>((resolve) => setTimeout(resolve, SCHEMA_PATIENCE_MS).unref());
  return Promise.race([done.then(() => undefined), patience]);
}

async function startRole(
  role: Part,
  shared: Shared,
  running: RunningRole[],
  signal: AbortSignal,
): Promise<void> {
  try {
    const started = await START[role](shared, signal);
    if (signal.aborted) return await started.close();
    running.push(started);
    shared.log.info({ role }, 'role.started');
  } catch (error) {
    if (!signal.aborted) shared.giveUp(`the role ${role} cannot start: ${messageOf(error)}`);
  }
}

async function main(): Promise<void> {
  const config = configuration();
  const log = createLog(config.LOG_LEVEL);
  const ending = new AbortController();
  const running: RunningRole[] = [];
  const pool = createPool(config.DATABASE_URL, log);
  const redis = createRedis(config.REDIS_URL, log);

  const grace = closeWithGrace({ delay: CLOSE_WITHIN_MS, logger: false }, async ({ err, signal }) => {
    if (err !== undefined) log.fatal({ err }, 'process.failed');
    else log.info({ signal }, 'process.closing');
    ending.abort();
    for (const role of running.toReversed()) await role.close();
    await closeRedis(redis);
    await pool.end();
    log.info('process.closed');
  });
  const giveUp = (reason: string): void => {
    log.fatal({ reason }, 'process.gave-up');
    process.exitCode = 1;
    void grace.close();
  };

  const shared: Shared = { config, log, clock: systemClock, pool, redis, registry: new Registry(), giveUp };
  await prepareSchema(config, log, ending.signal, giveUp);
  const wanted = roles(config);
  const parts: Part[] = wanted.has('web') ? [...wanted] : ['probes', ...wanted];
  // Side by side: while a part is away one role may wait for it, the probes of another tell so.
  await Promise.all(parts.map((part) => startRole(part, shared, running, ending.signal)));
}

await main();
