/**
 * The local stack: PostgreSQL, Redis and Asterisk in the background, all on 127.0.0.1.
 *
 *     node src/stack/stack.mjs up | down | status [--json]
 */
import { mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runningAsterisk, soundsDirOf, startAsterisk, stopAsterisk } from './asterisk.mjs';
import { ensureAsterisk } from './asterisk-root.mjs';
import { step, withLock } from './commands.mjs';
import { fault, tellAndFail } from './fault.mjs';
import { ensurePackages, STACK_PACKAGES, TEST_PACKAGES } from './packages.mjs';
import { cacheDirOf, layoutOf, projectDir, stateDirOf } from './paths.mjs';
import { defaultPorts, freePorts } from './ports.mjs';
import { clusterHome, runningPostgres, startPostgres, stopPostgres } from './postgres.mjs';
import { running, stop, writeAside } from './processes.mjs';
import { runningRedis, startRedis, stopRedis } from './redis.mjs';
import { secretsIn } from './secrets.mjs';
import { describeStack } from './stack-file.mjs';
import { makeVoice } from './voice.mjs';

/**
 * @typedef {(line: string) => void} Log
 * @typedef {{ stateDir?: string, test?: boolean, log?: Log }} Options
 *   stateDir: default `.local`, for tests `.local/test`
 */

/** @type {Log} */
const silent = () => undefined;

/**
 * Starts what does not run; whatever runs as it should stays as it is.
 * @param {Options & { ports?: import('./ports.mjs').Ports, synced?: boolean }} [options] ports: default those of the
 *   environment, for tests the ones this stack has already or a free set; synced: PostgreSQL waits for the disk, as it does
 *   everywhere but in tests
 * @returns {Promise<ReturnType<typeof describeStack>>} what stands in stack.json
 * @throws faults with a code, each with a message for the person
 */
export async function up({
  test = false,
  stateDir = stateDirOf({ test }),
  ports,
  synced = !test,
  log = silent,
} = {}) {
  const layout = layoutOf(stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const waiting = () => log('Another command works on this stack; waiting for it');
  return withLock(layout.lockFile, waiting, async () => {
    const chosen = ports ?? (test ? portsForTests(layout) : defaultPorts());
    await ensurePackages([...STACK_PACKAGES, ...(test ? TEST_PACKAGES : [])], { log, logDir: layout.logs });
    const secrets = secretsIn(layout.secretsFile);
    mkdirSync(layout.recordings, { recursive: true });
    const [postgres, redis, asterisk] = await all([
      part(log, 'PostgreSQL', () =>
        startPostgres({ layout, ports: chosen, password: secrets.postgres, test, synced }),
      ),
      part(log, 'Redis', () => startRedis({ layout, ports: chosen, test })),
      asteriskWithVoice({ layout, ports: chosen, secrets, log }),
    ]);
    const app = livingApp(layout);
    const processes = { app, asterisk: asterisk.pid, postgres: postgres.pid, redis: redis.pid };
    const stack = describeStack({ layout, ports: chosen, secrets, processes });
    writeStack(stateDir, stack);
    return stack;
  });
}

async function asteriskWithVoice({ layout, ports, secrets, log }) {
  const cacheDir = cacheDirOf();
  const [{ root, version }] = await all([
    ensureAsterisk({ cacheDir, logDir: layout.logs, log }),
    voice(layout, cacheDir, log),
  ]);
  return part(log, `Asterisk ${version}`, () => startAsterisk({ layout, ports, secrets, root, log }));
}

async function voice(layout, cacheDir, log) {
  const prompts = join(projectDir, 'dialplan', 'prompts');
  const { unusable } = await step(log, 'Spoken phrases', () =>
    makeVoice({
      manifestPath: join(prompts, 'fa.json'),
      recordingsDir: join(prompts, 'recordings'),
      outDir: soundsDirOf(layout),
      cacheDir: join(cacheDir, 'voice'),
    }),
  );
  for (const one of unusable) log(`A recording cannot be used, the synthetic voice stands in: ${one}`);
}

/** Waits for every part, also when one has failed: nothing goes on behind the back of whoever is told of the failure. */
async function all(parts) {
  const results = await Promise.allSettled(parts);
  const failed = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  const strange = failed.find((reason) => typeof reason?.code !== 'string');
  if (strange !== undefined || failed.length === 1) throw strange ?? failed[0];
  if (failed.length > 1)
    throw fault(failed[0].code, failed.map(({ message }) => message).join('\n'), failed[0]);
  return results.map(({ value }) => value);
}

async function part(log, name, starting) {
  const began = Date.now();
  const result = await starting();
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  log(
    result.started
      ? `${name} started (process ${result.pid}): ${seconds} s`
      : `${name} runs already (process ${result.pid})`,
  );
  return result;
}

/** A running stack keeps its ports. */
function portsForTests(layout) {
  const held = runningAsterisk(layout) ?? runningPostgres(layout) ?? runningRedis(layout);
  const known = readStack(join(layout.stackFile, '..'))?.ports;
  return held !== null && known ? known : freePorts(layout.stackFile);
}

/**
 * Ends the three parts; their data stays.
 * @param {Options} [options]
 */
export async function down({ test = false, stateDir = stateDirOf({ test }), log = silent } = {}) {
  const layout = layoutOf(stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const waiting = () => log('Another command works on this stack; waiting for it');
  await withLock(layout.lockFile, waiting, async () => {
    const end = (name, stopping) =>
      stopping.then((ran) => log(ran ? `${name} ended` : `${name} did not run`));
    await endApplication(layout, log);
    await all([
      end('Asterisk', stopAsterisk(layout)),
      end('PostgreSQL', stopPostgres(layout)),
      end('Redis', stopRedis(layout)),
    ]);
    // A description of what is gone would only mislead.
    rmSync(layout.stackFile, { force: true });
  });
}

/** What a killed demo has left; a living one would only start it anew. */
async function endApplication(layout, log) {
  const demo = running(join(layout.pids, 'demo.json'));
  if (demo !== null && demo.pid !== process.pid)
    throw fault(
      'demo-running',
      `A demo runs here (process ${demo.pid}): Ctrl-C there ends it, and the stack it started`,
    );
  if (await stop(join(layout.pids, 'app.json'))) log('The application ended');
}

/**
 * @param {Options} [options]
 * @returns what stands in stack.json, with `up` (all three parts run), `processes` of this moment and where the data lies
 */
export function status({ test = false, stateDir = stateDirOf({ test }) } = {}) {
  const layout = layoutOf(stateDir);
  const stack = readStack(stateDir);
  const parts = {
    asterisk: runningAsterisk(layout),
    postgres: runningPostgres(layout),
    redis: runningRedis(layout),
  };
  return {
    up: stack !== null && Object.values(parts).every((pid) => pid !== null),
    stateDir,
    cluster: clusterHome(layout),
    ...stack,
    processes: { app: livingApp(layout), ...parts },
  };
}

/** @returns {ReturnType<typeof describeStack> | null} null: the stack is not up */
export function readStack(stateDir) {
  try {
    return JSON.parse(readFileSync(layoutOf(stateDir).stackFile, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Replaces stack.json; the demo does so too, whenever it starts the application anew. */
export function writeStack(stateDir, stack) {
  writeAside(layoutOf(stateDir).stackFile, `${JSON.stringify(stack, null, 2)}\n`);
}

function livingApp(layout) {
  return running(join(layout.pids, 'app.json'))?.pid ?? null;
}

function printStatus(found, json) {
  if (json) return process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  const lines = Object.entries(found.processes).map(
    ([name, pid]) => `${name.padEnd(10)} ${pid === null ? '-' : `process ${pid}`}`,
  );
  if (found.up) {
    lines.push(`PostgreSQL 127.0.0.1:${found.ports.postgres}, its cluster in ${found.cluster}`);
    lines.push(`Redis      ${found.redis.url}`);
    lines.push(`ARI        ${found.ari.url}`);
    lines.push(
      `SIP        127.0.0.1:${found.ports.sip}, TLS ${found.ports.sipTls}, RTP ${found.ports.rtpStart}-${found.ports.rtpEnd}`,
    );
    lines.push(
      `Secrets, accounts and all addresses: ${layoutOf(found.stateDir).stackFile} (or status --json)`,
    );
  } else lines.push('The stack is not up: npm run stack -- up');
  return process.stdout.write(`${lines.join('\n')}\n`);
}

async function main([command, ...flags]) {
  const log = (line) => process.stderr.write(`${line}\n`);
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
  const json = flags.includes('--json');
  if (command === 'up') {
    await up({ log });
    log(`The stack is up after ${seconds()} s`);
    printStatus(status(), json);
  } else if (command === 'down') {
    await down({ log });
    log(`The stack is down after ${seconds()} s`);
  } else if (command === 'status') {
    const found = status();
    printStatus(found, json);
    if (!found.up) process.exitCode = 3;
  } else throw fault('usage-unknown', 'Usage: npm run stack -- up | down | status [--json]');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch(tellAndFail);
}
