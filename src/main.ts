import closeWithGrace from 'close-with-grace';
import { createSteadyClock } from './clock.ts';
import { ConfigError, readConfig, roles, type Config, type Role } from './config.ts';
import { createLog, switchDebug, type Log } from './log.ts';
import { codeOf, messageOf } from './platform/fault.ts';
import { migrate } from './platform/migrate.ts';
import { createPool } from './platform/pool.ts';
import { closeRedis, createRedis } from './platform/redis.ts';
import { aborted } from './platform/signals.ts';
import { within } from './platform/within.ts';
import { startCalls } from './roles/calls.ts';
import { startProbes } from './roles/probes.ts';
import { keepClock } from './roles/clock-keeper.ts';
import { createRegistry } from './roles/process-figures.ts';
import { untilItWorks, type RunningRole, type Shared } from './roles/role.ts';
import { startWatch } from './roles/watch.ts';

/** Starts the roles asked for and closes them in reverse order. */

/**
 * Longer than the longest orderly end: steps in progress may take four seconds, the outbox two to empty. Shorter than the
 * ten seconds Docker gives, after which it kills.
 */
const CLOSE_WITHIN_MS = 9000;
/** SIGUSR2 ends nothing: it switches the level of the log. */
const ENDING = { delay: CLOSE_WITHIN_MS, logger: false as const, skip: ['SIGUSR2' as const] };
/** How long the start waits for the schema; the line itself works without PostgreSQL, so it is not awaited for ever. */
const SCHEMA_PATIENCE_MS = 5000;
/** How long what nobody on the line waits for stands back at the start; mostly the calls are taken up sooner. */
const AT_HAND_WITHIN_MS = 2000;

/** probes: what a process without the role `web` starts in its place. */
type Part = Role | 'probes';

type Start = (shared: Shared, signal: AbortSignal) => Promise<RunningRole>;

/** Loading the packages of the other roles takes a third of a start: what nobody on the line waits for comes later. */
const START: Readonly<Record<Part, Start>> = {
  calls: startCalls,
  web: async (shared, signal) =>
    (await shared.prepare(() => import('./roles/web.ts'))).startWeb(shared, signal),
  jobs: async (shared) => (await shared.prepare(() => import('./roles/jobs.ts'))).startJobs(shared),
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
  const done = untilItWorks('schema', () => migrate(config.DATABASE_URL, log), { log, signal, isFinal }).then(
    () => log.info('schema.ready'),
    (error: unknown) => {
      if (!signal.aborted) giveUp(`the database cannot be used: ${messageOf(error)}`);
    },
  );
  const patience = new Promise<void>((resolve) => setTimeout(resolve, SCHEMA_PATIENCE_MS).unref());
  return Promise.race([done, patience]);
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

/** First every role finishes what it has in hand while all still answer, then they are closed. */
async function endInOrder(running: readonly RunningRole[], log: Log): Promise<void> {
  const since = performance.now();
  const left: Record<string, unknown> = {};
  for (const role of running.toReversed()) Object.assign(left, await role.drain?.());
  log.info({ ...left, ms: Math.round(performance.now() - since) }, 'process.drained');
  for (const role of running.toReversed()) await role.close();
}

async function main(): Promise<void> {
  const config = configuration();
  const log = createLog(config.LOG_LEVEL);
  log.info({ node: process.version, roles: config.CLINIC_ROLES }, 'process.started');
  const ending = new AbortController();
  const running: RunningRole[] = [];
  const pool = createPool(config.DATABASE_URL, log);
  const redis = createRedis(config.REDIS_URL, log);
  let failed = false;
  let over: Promise<void> | null = null;

  process.on('SIGUSR2', () => switchDebug(log, config.LOG_LEVEL));
  async function end(): Promise<void> {
    ending.abort();
    await endInOrder(running, log);
    await closeRedis(redis);
    await pool.end();
    log.info('process.closed');
  }
  const grace = closeWithGrace(ENDING, async ({ err, signal }) => {
    if (err !== undefined) log.fatal({ err }, 'process.failed');
    else log.info({ signal }, 'process.closing');
    await (over ??= end());
    // The library would end the process with 0.
    if (failed) process.exit(1);
  });
  const giveUp = (reason: string): void => {
    log.fatal({ reason, alarm: true }, 'process.gave-up');
    failed = true;
    void grace.close();
  };
  /** Not by the library at first: a signal that comes meanwhile would be its second one and cut the end short. */
  const retire = (reason: string): void => {
    log.info({ reason }, 'process.retired');
    over ??= end();
    void within(over, CLOSE_WITHIN_MS).finally(() => grace.close());
  };

  const wanted = roles(config);
  const preparations: Promise<unknown>[] = [];
  const urgent = new AbortController();
  const atHand = (): void => urgent.abort();
  const prepare = <T>(work: () => Promise<T>): Promise<T> => {
    const done = aborted(urgent.signal).then(work);
    preparations.push(done);
    return done;
  };
  const prepared = async (): Promise<void> => {
    atHand();
    // What was loaded may have more to prepare.
    for (let known = 0; known < preparations.length;) {
      known = preparations.length;
      await Promise.allSettled(preparations);
    }
  };
  if (!wanted.has('calls') || config.CLINIC_STANDBY) atHand();
  // Where the exchange is away there are none to take up.
  else setTimeout(atHand, AT_HAND_WITHIN_MS).unref();
  const clock = createSteadyClock();
  const shared: Shared = {
    ...{ config, log, clock, pool, redis, registry: createRegistry({ config, pool, redis }) },
    ...{ giveUp, retire, draining: () => ending.signal.aborted },
    ...{ prepare, prepared, atHand },
  };
  await prepareSchema(config, log, ending.signal, giveUp);
  // Where there are no calls in hand a jump is followed without them.
  if (!wanted.has('calls')) {
    const keeper = keepClock({ clock, log, isQuiet: () => true });
    running.push({ close: () => Promise.resolve(keeper.close()) });
  }
  const parts: Part[] = wanted.has('web') ? [...wanted] : ['probes', ...wanted];
  // Side by side: while a part is away one role may wait for it, the probes of another tell so.
  await Promise.all(parts.map((part) => startRole(part, shared, running, ending.signal)));
}

await main();
