import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ari } from '../../support/leftovers.ts';
import { random } from '../../support/random.ts';
import { testStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait.ts';

/** Citizens and experts of a benchmark by SIPp: the same ones for every side. */

const HOST = '127.0.0.1';
/** Where SIPp listens, clear of the stack's own ports. */
export const PORTS = {
  experts: 12230,
  expertsMedia: 12232,
  citizens: 12240,
  citizensMedia: 12242,
};
const STOP_WITHIN_MS = 5_000;

export interface Account {
  username: string;
  password: string;
}

export interface Arrival {
  /** As the network would send it; no two alike. */
  number: string;
  /** Milliseconds after the first possible moment. */
  at: number;
}

/** A Poisson stream: exponential gaps. The same seed gives the same callers. */
export function poissonArrivals(count: number, perSecond: number, seed: number): Arrival[] {
  const next = random(seed);
  let at = 0;
  return Array.from({ length: count }, (_, i) => {
    at += (-Math.log(1 - next()) / perSecond) * 1000;
    return { number: `0912${String(1_000_000 + i)}`, at: Math.round(at) };
  });
}

/**
 * Registers the telephones and has them answer from the same port, where the exchange calls them whatever their Contact says;
 * resolves when it can reach each.
 */
export async function onlineExperts(
  accounts: readonly Account[],
  answering: () => Sipp,
  port = PORTS.experts,
): Promise<Sipp> {
  await register(accounts, port);
  const telephones = answering();
  try {
    for (const { username } of accounts) {
      const online = async () =>
        (await ari<{ state: string }>(`/endpoints/PJSIP/${username}`)).state === 'online';
      await waitFor(online, 10_000);
    }
  } catch (error) {
    await telephones.stop();
    throw error;
  }
  return telephones;
}

async function register(accounts: readonly Account[], port: number): Promise<void> {
  const file = lines(
    accounts.map(
      ({ username, password }) => `${username};[authentication username=${username} password=${password}]`,
    ),
  );
  const sipp = startSipp({
    scenario: sourceOf('register.xml'),
    options: ['-inf', file, '-m', String(accounts.length), '-r', '50', '-p', String(port)],
  });
  const { code, output } = await sipp.ended;
  if (code !== 0) throw new Error(`SIPp could not register the experts (${code}):\n${output.slice(-2000)}`);
}

export interface Talk {
  ringMs: number;
  talkMinMs: number;
  talkMaxMs: number;
}

export interface Sipp {
  pid: number;
  ended: Promise<{ code: number | null; output: string }>;
  /** Ends its calls; after a few seconds whatever is left is killed. */
  stop(): Promise<void>;
  /** Makes no more calls; `ended` when those under way are over. */
  finish(): void;
  /** SIGKILL: it says nothing to anybody. */
  kill(): Promise<void>;
}

/** The experts' telephones answer from now on. */
export function answeringExperts({ ringMs, talkMinMs, talkMaxMs }: Talk): Sipp {
  return experts('experts.xml', { RING_MS: ringMs, TALK_MIN_MS: talkMinMs, TALK_MAX_MS: talkMaxMs });
}

/** Of a hundred offers; the rest is answered. */
export interface Unwilling {
  unanswered: number;
  declined: number;
  busy: number;
  away: number;
}

/** The same, but they often do not answer. */
export function unwillingExperts({ ringMs, talkMinMs, talkMaxMs }: Talk, of100: Unwilling): Sipp {
  const { unanswered, declined, busy, away } = of100;
  return experts('unwilling.xml', {
    ...{ RING_MS: ringMs, TALK_MIN_MS: talkMinMs, TALK_MAX_MS: talkMaxMs },
    ...{ UNANSWERED: unanswered, DECLINED: unanswered + declined },
    ...{ BUSY: unanswered + declined + busy, AWAY: unanswered + declined + busy + away },
  });
}

function experts(source: string, values: Record<string, number>): Sipp {
  const text = Object.entries(values).reduce(
    (filled, [name, value]) => filled.replaceAll(name, String(value)),
    readFileSync(sourceOf(source), 'utf8'),
  );
  return startSipp({
    scenario: written('xml', text),
    options: ['-p', String(PORTS.experts), '-mp', String(PORTS.expertsMedia)],
  });
}

/** All citizens dial `number`, each at its own moment; ends when the last has been hung up on. */
export function callingCitizens(number: string, arrivals: readonly Arrival[]): Sipp {
  const file = lines(arrivals.map((one) => `${one.number};${one.at}`));
  const trunk = Object.values(testStack().sip.trunk.headers)[0] ?? '';
  const count = String(arrivals.length);
  return startSipp({
    scenario: sourceOf('citizens.xml'),
    keys: { number, trunk },
    // All are made at once and wait for their moment by themselves.
    options: [
      ...['-inf', file, '-m', count, '-l', count, '-r', '5000'],
      ...['-p', String(PORTS.citizens), '-mp', String(PORTS.citizensMedia)],
    ],
    raw: true,
  });
}

interface Start {
  scenario: string;
  keys?: Record<string, string>;
  options: readonly string[];
  /** Digits are sent through a raw socket, hence sudo for everyone but root. */
  raw?: boolean;
}

export function startSipp({ scenario: file, keys = {}, options, raw = false }: Start): Sipp {
  const { host, port } = testStack().sip.trunk;
  const given = Object.entries(keys).flatMap(([key, value]) => ['-key', key, value]);
  const parts = [`${host}:${port}`, '-sf', file, '-i', HOST, '-mi', HOST, ...given, ...options, '-nostdin'];
  const [command, ...rest] =
    raw && process.getuid?.() !== 0 ? ['sudo', '-n', 'sipp', ...parts] : ['sipp', ...parts];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Whatever becomes of the benchmark, no telephone stays behind on its port.
  const lastly = () => void child.kill('SIGKILL');
  process.once('exit', lastly);
  let output = '';
  // SIPp paints its screen once a second: only the end is of use.
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-20_000)));
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', lastly);
      resolve({ code, output });
    });
  });
  ended.catch(() => undefined);
  return {
    ...{ pid: child.pid ?? 0, ended },
    stop: () => stop(child, ended),
    finish: () => void child.kill('SIGUSR1'),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** SIPp makes no more calls after SIGUSR1 and ends with those it has. */
async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGUSR1');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(tooLong);
}

export const sourceOf = (file: string): string => fileURLToPath(new URL(`../sipp/${file}`, import.meta.url));

export const lines = (rows: readonly string[]): string => written('csv', `SEQUENTIAL\n${rows.join('\n')}\n`);

let ours: string | undefined;

/** Made at the first need, gone with the process: passwords stand in it. */
function folder(): string {
  if (ours === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'clinic-bench-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    ours = made;
  }
  return ours;
}

let files = 0;
/** A file with this ending, of ours alone. */
export function written(ending: string, text: string): string {
  const file = join(folder(), `${++files}.${ending}`);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
