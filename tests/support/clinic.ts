import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { addOpening } from '../../src/hours/openings-store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { projectPath } from '../../src/platform/root.ts';
import type { Role } from '../../src/staff/rules.ts';
import { createStaff } from '../../src/staff/service.ts';
import { createTestDatabase } from './database.ts';
import { testRedis } from './redis.ts';
import { testStack } from './stack.ts';
import { waitFor } from './wait.ts';

/** The application as a process of its own against the tests' stack, with a database and a Redis database of its own. */

const PASSWORD = 'a long enough password';
const DAY_MS = 86_400_000;
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 15_000;
const SHOWN_LINES = 40;
/** Of this test process: two applications may share a database, and a restored one has the accounts of its origin. */
let made = 0;

export type LogLine = Record<string, unknown> & { msg?: string };

export interface ApiAnswer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  /** Default: an administrator's; null: none. */
  token?: string | null;
  headers?: Record<string, string>;
}

export interface Clinic {
  /** Of this moment: a restarted application listens elsewhere. */
  readonly url: string;
  readonly pid: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Every line logged so far, over restarts. What is not JSON stands as `{ text }`. */
  readonly lines: readonly LogLine[];
  /** The first line of this event that fits, logged already or to come. */
  logged(msg: string, fits?: (line: LogLine) => boolean, withinMs?: number): Promise<LogLine>;
  /** path: below `/api/v1`. Never throws for a status; the body is parsed where it is JSON. */
  api<T = unknown>(path: string, request?: ApiRequest): Promise<ApiAnswer<T>>;
  /** A new account of a role and its token. Experts' accounts need the expert they are. */
  signIn(role: Role, expertId?: string): Promise<string>;
  /** An orderly end; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again after `stop` or `kill`, on the same data. Waits until it may take calls. */
  start(): Promise<void>;
  /** Whatever is left: the process and the connections of this object. */
  close(): Promise<void>;
}

export interface ClinicOptions {
  /** Over the stack's environment. */
  env?: Record<string, string>;
  /** Opens the clinic for yesterday to tomorrow, whatever the hour of the test. Default: true. */
  open?: boolean;
  /** Waits for `/readyz`. Default: true; false for tests of what happens while parts are away. */
  awaitReady?: boolean;
  /** What Node is given to start it. Default: the sources. */
  program?: readonly string[];
}

const SOURCES = ['--import', 'tsx', projectPath('src', 'main.ts')];

interface State {
  program: readonly string[];
  env: Record<string, string>;
  awaitReady: boolean;
  child: ChildProcess | null;
  url: string;
  lines: LogLine[];
  watchers: Set<() => void>;
}

const RECENT = 2;
/** The applications started last, closed or not. */
const recent: State[] = [];

/** What the applications of this test file have logged last, for who has to find out why a test failed. */
export const lastLogged = (): string => recent.map(lastLines).join('\n');

export async function startClinic(options: ClinicOptions = {}): Promise<Clinic> {
  const { env = {}, open = true, awaitReady = true, program = SOURCES } = options;
  const databaseUrl = env['DATABASE_URL'] ?? (await createTestDatabase());
  const redisUrl = env['REDIS_URL'] ?? (await testRedis());
  const pool = createPool(databaseUrl, pino({ level: 'silent' }));
  const staff = createStaff({
    pool,
    clock: systemClock,
    sessionHours: 12,
    secondFactorRequired: false,
    issuer: 'test',
  });
  if (open) {
    const span = { startsAt: new Date(Date.now() - DAY_MS), endsAt: new Date(Date.now() + DAY_MS) };
    await addOpening(pool, { specialty: null, reason: 'test', ...span }, 'test');
  }
  const own = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    HTTP_PORT: '0',
    SECOND_FACTOR_REQUIRED: 'false',
    // A citizen who is asked stays half a minute longer; whether one is would depend on how long a test talks.
    SURVEY_ENABLED: 'false',
  };
  const state: State = {
    env: { ...testStack().env, ...own, ...env },
    ...{ program, awaitReady, child: null, url: '', lines: [], watchers: new Set() },
  };
  recent.push(state);
  if (recent.length > RECENT) recent.shift();
  let admin: Promise<string> | null = null;

  async function signIn(role: Role, expertId?: string): Promise<string> {
    const username = `${role}-${process.pid}-${++made}`;
    const account = { username, password: PASSWORD, name: username, role, expertId: expertId ?? null };
    const added = await staff.accounts.add(account, 'test');
    if ('refused' in added) throw new Error(`The account was refused: ${added.refused}`);
    const answer = await request<{ token: string }>(state, '/session', {
      ...{ method: 'POST', token: null, body: { username, password: PASSWORD } },
    });
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`The sign-in was refused: ${answer.status}`);
    return answer.body.token;
  }

  const api: Clinic['api'] = async (path, wanted = {}) => {
    const token = wanted.token === undefined ? await (admin ??= signIn('admin')) : wanted.token;
    return request(state, path, { ...wanted, token });
  };

  const clinic: Clinic = {
    get url() {
      return state.url;
    },
    get pid() {
      return state.child?.pid ?? 0;
    },
    ...{ databaseUrl, redisUrl, lines: state.lines, api, signIn },
    logged: (msg, fits = () => true, withinMs = 10_000) => logged(state, msg, fits, withinMs),
    stop: () => end(state, 'SIGTERM'),
    kill: async () => void (await end(state, 'SIGKILL')),
    start: () => start(state),
    close: async () => {
      await end(state, 'SIGTERM');
      await pool.end();
    },
  };
  await start(state).catch(async (error: unknown) => {
    await clinic.close();
    throw error;
  });
  return clinic;
}

async function start(state: State): Promise<void> {
  if (state.child !== null) throw new Error('The application runs already.');
  const seen = state.lines.length;
  const child = spawn(process.execPath, state.program, {
    cwd: projectPath(),
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...state.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  state.child = child;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => take(state, line));
  }
  child.once('exit', (code, signal) => {
    if (state.child === child) state.child = null;
    take(state, JSON.stringify({ msg: 'test.process-exited', code, signal, pid: child.pid }));
  });
  const own = (line: LogLine) => state.lines.indexOf(line) >= seen;
  const exited = logged(state, 'test.process-exited', own, START_WITHIN_MS).then(
    () => Promise.reject(new Error(`The application ended while starting.\n${lastLines(state)}`)),
    () => new Promise<never>(() => undefined),
  );
  const listening = logged(state, 'web.listening', own, START_WITHIN_MS);
  state.url = String((await Promise.race([listening, exited]))['url']);
  if (state.awaitReady) await Promise.race([becomesReady(state), exited]);
}

async function becomesReady(state: State): Promise<void> {
  let last = '';
  const isReady = async () => {
    const answer = await fetch(`${state.url}/readyz`);
    last = await answer.text();
    return answer.ok;
  };
  await waitFor(isReady, START_WITHIN_MS).catch((cause: unknown) => {
    throw new Error(`The application does not become ready: ${last}\n${lastLines(state)}`, { cause });
  });
}

function take(state: State, line: string): void {
  state.lines.push(parse(line));
  for (const watcher of [...state.watchers]) watcher();
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch (error) {
    if (error instanceof SyntaxError) return { text: line };
    throw error;
  }
}

function logged(
  state: State,
  msg: string,
  fits: (line: LogLine) => boolean,
  withinMs: number,
): Promise<LogLine> {
  return new Promise((resolve, reject) => {
    let looked = 0;
    const look = () => {
      while (looked < state.lines.length) {
        const line = state.lines[looked++]!;
        if (line.msg !== msg || !fits(line)) continue;
        settle();
        resolve(line);
        return;
      }
    };
    const settle = () => {
      clearTimeout(timer);
      state.watchers.delete(look);
    };
    const timer = setTimeout(() => {
      settle();
      reject(new Error(`"${msg}" was not logged within ${withinMs} ms.\n${lastLines(state)}`));
    }, withinMs);
    state.watchers.add(look);
    look();
  });
}

const lastLines = (state: State): string =>
  state.lines
    .slice(-SHOWN_LINES)
    .map((line) => JSON.stringify(line))
    .join('\n');

async function request<T>(state: State, path: string, wanted: ApiRequest): Promise<ApiAnswer<T>> {
  const { method = 'GET', body, token, headers = {} } = wanted;
  const answer = await fetch(`${state.url}/api/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === null || token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  return { status: answer.status, headers: answer.headers, body: (isJson ? JSON.parse(text) : text) as T };
}

async function end(state: State, signal: NodeJS.Signals): Promise<number | null> {
  const { child } = state;
  if (child === null) return null;
  return new Promise((resolve) => {
    const tooLong = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    child.once('exit', (code) => {
      clearTimeout(tooLong);
      resolve(code);
    });
    child.kill(signal);
  });
}
