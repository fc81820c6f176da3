/** The application as a process of its own, as systemd or Docker would run it: started, watched, started anew, stopped. */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { withLock } from './commands.mjs';
import { fault } from './fault.mjs';
import { layoutOf, projectDir } from './paths.mjs';
import { assertFree, defaultPorts } from './ports.mjs';
import { record, stop as stopRecorded } from './processes.mjs';
import { readStack, writeStack } from './stack.mjs';
import { say, step } from './telling.mjs';
import { lastWords, npm, runTool } from './tools.mjs';

const PROGRAM = join(projectDir, 'dist', 'main.js');
const READY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Of pino's levels: error. */
const SEVERE = 50;
/** An application that lived this long did not die of its start: the pauses begin anew. */
const HEALTHY_AFTER_MS = 10_000;

/**
 * @typedef {Record<string, unknown> & { msg?: string, time?: string }} LogLine
 * @typedef {{ stop: () => Promise<void> }} RunningApp
 */

/** Compiles the sources. @param {AbortSignal} signal @throws fault build-failed */
export async function buildApp(signal) {
  const ended = await step('building the application', () =>
    runTool([...npm(), 'run', '--silent', 'build'], { signal }),
  );
  if (ended.code === 0 && existsSync(PROGRAM)) return;
  const complaint = ended.output.split('\n').find((line) => / error /.test(line)) ?? lastWords(ended);
  throw fault('build-failed', `The application cannot be built: ${complaint.trim()}`);
}

/**
 * Clears the application's place: one left over from a demo that was killed is stopped, anyone else on the port is told of.
 * @param {string} stateDir
 * @throws fault port-taken
 */
export async function makeWay(stateDir) {
  if (await stopRecorded(filesOf(stateDir).record))
    say('an application left over from an earlier demo was stopped');
  assertFree(defaultPorts(), ['web']);
}

/**
 * Starts the application and returns when it may take calls. Should it die later, it is started anew.
 * @param {{
 *   stateDir: string, env?: Record<string, string>, onLine?: (line: LogLine) => void,
 *   lasting: import('./ending.mjs').Lasting,
 * }} options env: over the stack's; onLine: its log, line by line
 * @throws fault app-failed
 */
export async function startApp({ stateDir, env = {}, onLine = () => undefined, lasting }) {
  const { signal, afterwards, fail } = lasting;
  const files = filesOf(stateDir);
  const stack = requireStack(stateDir);
  mkdirSync(layoutOf(stateDir).logs, { recursive: true });
  const app = {
    ...files,
    stateDir,
    stack,
    env,
    onLine,
    signal,
    log: createWriteStream(files.log, { flags: 'a', mode: 0o600 }),
    child: null,
  };
  afterwards(() => stopApp(app));
  await step('starting the application', async () => {
    const ended = begin(app).then(({ words }) => {
      throw fault('app-failed', `The application ended while starting: ${words} (${files.log})`);
    });
    const ready = untilReady(app);
    // Whichever comes second is of no interest.
    for (const either of [ended, ready]) either.catch(() => undefined);
    await Promise.race([ready, ended]);
  });
  keepAlive(app, app.over).catch(fail);
}

const filesOf = (stateDir) => {
  const { pids, logs } = layoutOf(stateDir);
  return { record: join(pids, 'app.json'), log: join(logs, 'app.log') };
};

/** @returns {Promise<{ words: string, livedMs: number }>} when it has ended */
function begin(app) {
  const since = performance.now();
  const child = spawn(process.execPath, [PROGRAM], {
    cwd: projectDir,
    env: {
      ...process.env,
      ...app.stack.env,
      LOG_LEVEL: 'info',
      CLINIC_ROLES: 'calls,web,jobs,watch',
      ...app.env,
    },
    // Ctrl-C reaches it through us, after the telephones.
    ...{ detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  app.child = child;
  let complaint = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      app.log.write(`${line}\n`);
      const parsed = parse(line);
      if (parsed !== null) app.onLine(parsed);
      complaint = complaintOf(line, parsed) ?? complaint;
    });
  }
  child.once('spawn', () => record(app.record, child.pid, 'application'));
  child.once('spawn', () => void tellProcess(app, child.pid));
  app.over = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, endedBy) => {
      app.child = null;
      const words = `${endedBy ?? `exit code ${code}`}${complaint === '' ? '' : `, ${complaint}`}`;
      resolve({ words, livedMs: performance.now() - since });
    });
  });
  return app.over;
}

/** Nothing but an asked-for end ends this. */
async function keepAlive(app, first) {
  let pauseMs = FIRST_PAUSE_MS;
  for (let over = first; ;) {
    const { words, livedMs } = await over;
    if (app.signal.aborted) return;
    if (livedMs >= HEALTHY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
    say(`the application ended (${words}); starting it anew in ${pauseMs} ms`);
    await pause(pauseMs);
    if (app.signal.aborted) return;
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    over = begin(app);
    void untilReady(app).then(
      () => say('the application is back'),
      () => undefined,
    );
  }
}

async function stopApp(app) {
  if (app.child !== null) {
    const { over } = app;
    await step('stopping the application', () => stopRecorded(app.record));
    await over;
  }
  app.log.end();
  await tellProcess(app, null);
}

/** Whether it may take calls it tells itself; it is asked until it says yes. */
async function untilReady({ stack, signal, child }) {
  const gone = () => signal.aborted || child.exitCode !== null || child.signalCode !== null;
  const url = `${stack.web.url}/readyz`;
  let last = 'no answer';
  for (
    const end = performance.now() + READY_WITHIN_MS;
    performance.now() < end && !gone();
    await pause(LOOK_EVERY_MS)
  ) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch((error) =>
      String(error.cause?.code ?? error.message),
    );
    if (typeof answer === 'string') last = answer;
    else if (answer.ok) return;
    else last = (await answer.text()).slice(0, 300);
  }
  signal.throwIfAborted();
  throw fault('app-failed', `The application does not become ready: ${last}`);
}

/** Keeps `processes.app` of stack.json true. */
function tellProcess({ stateDir }, pid) {
  const { lockFile } = layoutOf(stateDir);
  return withLock(
    lockFile,
    () => undefined,
    async () => {
      const stack = readStack(stateDir);
      if (stack !== null) writeStack(stateDir, { ...stack, processes: { ...stack.processes, app: pid } });
    },
  );
}

function requireStack(stateDir) {
  const stack = readStack(stateDir);
  if (stack === null) throw fault('stack-down', 'The stack is not up: npm run stack -- up');
  return stack;
}

/** What in a line may be why it ended: a severe log line, or one that is none, such as a stack's. */
function complaintOf(line, parsed) {
  if (parsed === null) return line.trim() === '' ? null : line.trim().slice(0, 200);
  if (Number(parsed.level) < SEVERE) return null;
  return [parsed.msg, parsed['reason'], parsed['err']?.message]
    .filter((part) => part !== undefined)
    .join(': ');
}

function parse(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
