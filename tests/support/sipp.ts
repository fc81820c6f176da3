import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ari } from './leftovers.ts';
import { freePort } from './ports.ts';
import { testStack } from './stack.ts';
import { waitFor } from './wait.ts';

/** A second, independent SIP client: what our own telephones do not notice about themselves, SIPp does. */

const HOST = '127.0.0.1';
const CALL_WITHIN_SECONDS = 180;
const STOP_WITHIN_MS = 5_000;

export interface SippResult {
  /** 0: the call went exactly by the scenario. */
  exitCode: number | null;
  output: string;
}

export interface SippCitizen {
  from?: string;
  number?: string;
  /** Keyed one second after the answer. */
  option?: string;
  /** Keyed two and a half seconds later. */
  digit: string;
}

/**
 * A citizen by SIPp: dials, keys two digits by RFC 4733 (payload type 96), stays until the other side hangs up. SIPp sends
 * digits through a raw socket, hence sudo for everyone but root.
 */
export async function sippCitizen({
  from = '09120000137',
  number = '137',
  option = '8',
  digit,
}: SippCitizen): Promise<SippResult> {
  const { headers } = testStack().sip.trunk;
  const trunk = Object.values(headers)[0] ?? '';
  const keys = { number, from, trunk, option, digit };
  const sipp = await startSipp(
    'citizen.xml',
    keys,
    ['-m', '1', '-timeout', `${CALL_WITHIN_SECONDS}`],
    await freePort('udp'),
    true,
  );
  return sipp.ended;
}

export interface SippExpert {
  /** The calls it has answered and seen to their end so far are in the output of the result. */
  stop(): Promise<SippResult>;
}

/**
 * An expert by SIPp: registers with digest, then answers every call after a second and hangs up after `holdSeconds`.
 * Resolves when the exchange can reach it.
 * @throws Error with SIPp's own words when the registration is refused
 */
export async function sippExpert(account: {
  username: string;
  password: string;
  holdSeconds: number;
}): Promise<SippExpert> {
  const { username, password, holdSeconds } = account;
  const port = await freePort('udp');
  const credentials = ['-au', username, '-ap', password, '-m', '1'];
  const registration = await startSipp(
    'expert-register.xml',
    { user: username, expires: '300' },
    credentials,
    port,
  );
  const { exitCode, output } = await registration.ended;
  if (exitCode !== 0) throw new Error(`SIPp could not register ${username} (${exitCode}):\n${output}`);
  const hold = ['-recv_timeout', `${Math.round(holdSeconds * 1_000)}`];
  const expert = await startSipp('expert-answer.xml', { user: username }, hold, port);
  const reached = async () =>
    (await ari<{ state: string }>(`/endpoints/PJSIP/${username}`)).state === 'online';
  await waitFor(reached, 10_000);
  return { stop: () => stop(expert) };
}

/** Somewhere else's exchange by SIPp: answers every call after a second of ringing and hangs up after `holdSeconds`. */
export async function sippPlatform(at: {
  host: string;
  port: number;
  holdSeconds: number;
}): Promise<SippExpert> {
  const hold = ['-recv_timeout', `${Math.round(at.holdSeconds * 1_000)}`];
  const platform = await startSipp('expert-answer.xml', { user: 'platform' }, hold, at.port, false, at.host);
  return { stop: () => stop(platform) };
}

interface Running {
  child: ChildProcess;
  ended: Promise<SippResult>;
}

async function startSipp(
  scenario: string,
  keys: Record<string, string>,
  options: readonly string[],
  port: number,
  raw = false,
  own = HOST,
): Promise<Running> {
  const { host, port: serverPort } = testStack().sip.trunk;
  const file = fileURLToPath(new URL(`sipp/${scenario}`, import.meta.url));
  const places = ['-i', own, '-p', `${port}`, '-mi', own, '-mp', `${await freePort('udp')}`];
  const given = Object.entries(keys).flatMap(([key, value]) => ['-key', key, value]);
  const parts = [`${host}:${serverPort}`, '-sf', file, ...places, ...given, ...options, '-nostdin'];
  const [command, ...rest] =
    raw && process.getuid?.() !== 0 ? ['sudo', '-n', 'sipp', ...parts] : ['sipp', ...parts];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  const ended = new Promise<SippResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
  // Whoever waits for the end hears of it; a stopped one's is nobody's business.
  ended.catch(() => undefined);
  return { child, ended };
}

/** SIPp ends its calls on SIGUSR1. */
async function stop({ child, ended }: Running): Promise<SippResult> {
  child.kill('SIGUSR1');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  const result = await ended;
  clearTimeout(tooLong);
  return result;
}
