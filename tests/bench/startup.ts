import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { projectPath } from '../../src/platform/root.ts';
import { createTestDatabase } from '../support/database.ts';
import { freePort } from '../support/ports.ts';
import { testRedis } from '../support/redis.ts';
import { testStack } from '../support/stack.ts';

/**
 * How long the application takes from being started to "may take calls" with everything it needs up: compiled, from the
 * sources, and beside them a bare process of fastify, pg and ioredis that answers once both stores have answered. The
 * roster of the demo is seeded, since an application is ready only when routing has it.
 */

const run_ = promisify(execFile);
const RUNS = 5;
const LOOK_EVERY_MS = 5;
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;

/** The application's own words at the milestones, in the order in which they usually come. */
const MILESTONES = {
  loaded: 'process.started',
  schema: 'schema.ready',
  listening: 'web.listening',
  linked: 'link.ready',
  takenUp: 'calls.reconciled',
} as const;
/** cpu: time on the processor until ready, which a busy machine does not stretch. */
type Part = keyof typeof MILESTONES | 'ready' | 'cpu';
type Times = Partial<Record<Part, number>>;

const PARTS = [...(Object.keys(MILESTONES) as Part[]), 'cpu'] as const satisfies readonly Part[];

interface Kind {
  name: string;
  command: readonly string[];
}

const KINDS: readonly Kind[] = [
  { name: 'compiled', command: [projectPath('dist', 'main.js')] },
  { name: 'sources', command: ['--import', 'tsx', projectPath('src', 'main.ts')] },
  { name: 'bare', command: [projectPath('tests', 'bench', 'bare-server.mjs')] },
];

/** args: how often each is started (default 5). @returns per kind p50, max and the parts' p50, milliseconds */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const runs = Number(args[0] ?? RUNS);
  const env = await environment();
  const kinds = KINDS.filter(({ command }) => existsSync(command.at(-1) ?? ''));
  const times = new Map<string, Times[]>(kinds.map(({ name }) => [name, []]));
  // In turn, so that a busy moment of the machine hits all alike.
  for (let round = 0; round < runs; round += 1)
    for (const kind of kinds) times.get(kind.name)?.push(await startOnce(kind, env));
  tell(`milliseconds from the start of the process, ${runs} runs each, Node.js ${process.versions.node}`);
  tell(row('', ['p50', 'max', ...PARTS]));
  const found: Record<string, unknown> = { runs, node: process.versions.node };
  for (const [name, all] of times) {
    const ready = all.map((one) => one.ready ?? NaN);
    const parts = Object.fromEntries(
      PARTS.map((part) => [part, median(all.flatMap((one) => one[part] ?? []))]),
    );
    found[name] = { p50: median(ready), max: Math.max(...ready), parts };
    tell(row(name, [median(ready), Math.max(...ready), ...Object.values(parts)]));
  }
  if (!times.has('compiled')) tell('compiled: not measured, for there is no dist/ (npm run build)');
  return found;
}

async function environment(): Promise<Record<string, string>> {
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' },
    ...testStack().env,
    ...{ DATABASE_URL: await createTestDatabase(), REDIS_URL: await testRedis() },
  };
  const account = JSON.stringify({ admin: { username: 'admin', password: 'a password of the benchmark' } });
  await run_(process.execPath, ['--import', 'tsx', projectPath('src', 'seed.ts'), '--experts', '20'], {
    cwd: projectPath(),
    env: { ...env, CLINIC_SEED_ACCOUNTS: account },
  });
  return env;
}

async function startOnce({ command }: Kind, env: Record<string, string>): Promise<Times> {
  const port = await freePort();
  const since = Date.now();
  const child = spawn(process.execPath, command, {
    cwd: projectPath(),
    env: { ...env, HTTP_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const times: Times = {};
  createInterface({ input: child.stdout }).on('line', (line) => note(times, line, since));
  try {
    await untilReady(child, `http://127.0.0.1:${port}/readyz`, since);
    times.ready = Date.now() - since;
    times.cpu = cpuMs(child.pid ?? 0);
  } finally {
    await stop(child);
  }
  return times;
}

/** User and system time of a process, of its threads too; the kernel counts in hundredths of a second. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function note(times: Times, line: string, since: number): void {
  const { msg, time } = JSON.parse(line) as { msg?: string; time?: string };
  const part = (Object.keys(MILESTONES) as (keyof typeof MILESTONES)[]).find(
    (one) => MILESTONES[one] === msg,
  );
  if (part !== undefined && time !== undefined) times[part] ??= Date.parse(time) - since;
}

async function untilReady(child: ChildProcess, url: string, since: number): Promise<void> {
  while (Date.now() - since < READY_WITHIN_MS) {
    if (child.exitCode !== null) throw new Error(`It ended while starting (exit code ${child.exitCode})`);
    const answer = await fetch(url).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`${url} does not become ready within ${READY_WITHIN_MS} ms`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(tooLong);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

const row = (name: string, cells: readonly (string | number)[]): string =>
  name.padEnd(10) + cells.map((cell) => String(Number.isNaN(cell) ? '–' : cell).padStart(11)).join('');
