import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { projectPath } from '../../src/platform/root.ts';
import { waitFor } from './wait.ts';

/** Not on the path of every account. */
const PROGRAM = '/usr/sbin/kamailio';
const CONTROL = '/usr/sbin/kamcmd';
const WITHIN_MS = 20_000;

export interface Kamailio {
  /** What it has logged so far. */
  output: () => string;
  /** What an operator types behind `kamcmd`. @returns its answer */
  command: (...words: string[]) => string;
  /** Replaces one of the files beside the configuration. */
  rewrite: (name: string, text: string) => void;
  /** Ends it; its files go too. */
  stop: () => Promise<void>;
}

interface Files {
  /** The configuration, copied as it is. */
  cfg: string;
  /** The site's own files beside it, by name. */
  beside: Record<string, string>;
}

/** The example of dialplan/kamailio with these values. */
export function exampleOf(site: {
  host: string;
  port: number;
  providers: readonly string[];
  /** host:port, the first preferred. */
  asterisks: readonly string[];
  callsPerSecond?: number;
  pingSeconds?: number;
  hideTopology?: boolean;
}): (folder: string) => Files {
  const { host, port, providers, asterisks, callsPerSecond = 30, pingSeconds = 60, hideTopology } = site;
  const define = (name: string, value: string | number) => `#!substdef "!${name}!${value}!g"`;
  return (folder) => ({
    cfg: projectPath('dialplan', 'kamailio', 'kamailio.cfg'),
    beside: {
      'kamailio-local.cfg': [
        ...[define('LISTEN_ADDRESS', host), define('LISTEN_PORT', port), define('CONFIG_DIR', folder)],
        ...[define('CALLS_PER_SECOND', callsPerSecond), define('PING_SECONDS', pingSeconds)],
        ...(hideTopology ? ['#!define WITH_TOPOLOGY_HIDING', define('TOPOLOGY_KEY', 'of-this-test')] : []),
      ].join('\n'),
      'address.list': providers.map((provider) => `1 ${provider} 32 0`).join('\n'),
      'dispatcher.list': asterisks.map((at, index) => `1 sip:${at} 0 ${10 - index}`).join('\n'),
    },
  });
}

function laidOut(files: (folder: string) => Files): { folder: string; cfg: string } {
  const folder = mkdtempSync(join(tmpdir(), 'clinic-kamailio-'));
  const { cfg, beside } = files(folder);
  const copy = join(folder, basename(cfg));
  copyFileSync(cfg, copy);
  for (const [name, text] of Object.entries(beside)) writeFileSync(join(folder, name), `${text}\n`);
  return { folder, cfg: copy };
}

/** Kamailio's own verdict on a configuration. @returns '' where it is fine */
export function faultsOf(files: (folder: string) => Files): string {
  const { folder, cfg } = laidOut(files);
  const { status, stderr, error } = spawnSync(PROGRAM, ['-c', '-f', cfg], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (error !== undefined) throw error;
  return status === 0 ? '' : stderr;
}

/** Starts it and waits until it listens. It ends with the test's process, however that ends. */
export async function startKamailio(
  files: (folder: string) => Files,
  listens: { host: string; port: number },
): Promise<Kamailio> {
  const { folder, cfg } = laidOut(files);
  const program = [PROGRAM, '-f', cfg, '-DD', '-E', '-n', '2', '-m', '64', '-M', '8', '-Y', folder];
  const child = spawn('setpriv', ['--pdeathsig', 'SIGTERM', '--', ...program], { cwd: folder });
  const ended = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`Kamailio ended with ${child.exitCode}:\n${output}`);
    return takesConnections(listens);
  };
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  await waitFor(isUp, WITHIN_MS).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const socket = `unixs:${join(folder, 'kamailio_ctl')}`;
  return {
    ...{ output: () => output, stop },
    command: (...words) => execFileSync(CONTROL, ['-s', socket, ...words], { encoding: 'utf8' }),
    rewrite: (name, text) => writeFileSync(join(folder, name), `${text}\n`),
  };
}

function takesConnections({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}
