import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tone } from '../../src/stack/phone/tone.mjs';
import { writeWav } from './audio.ts';
import { freePort } from './ports.ts';
import { waitFor } from './wait.ts';

/**
 * baresip, a real softphone for a terminal, told what to do over its control connection (ctrl_tcp: JSON in netstrings).
 * It says a tone of its own for as long as it talks and writes what it hears to a file.
 */

const HOST = '127.0.0.1';
/** Debian's place, and that of later Debians. */
const MODULES = [
  '/usr/lib/baresip/modules',
  `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/baresip/modules`,
];
const NEEDED = ['account', 'menu', 'ctrl_tcp', 'g711', 'opus', 'srtp', 'aufile', 'aubridge', 'sndfile'];
const STOP_WITHIN_MS = 5_000;
export const BARESIP_HZ = 800;
const TONE_SECONDS = 120;

export interface BaresipOptions {
  /** `user@host:port` */
  address: string;
  /** Password of the registration; without one it does not register. */
  password?: string;
  transport?: 'udp' | 'tcp' | 'tls';
  /** More parameters of the account, e.g. `mediaenc=srtp`. */
  account?: string[];
  /** In its order of preference, e.g. `PCMA/8000/1`. */
  codecs?: string[];
  /** Certificate of whom to trust. */
  caFile?: string;
}

export interface BaresipEvent {
  type: string;
  class: string;
  param?: string;
  [detail: string]: unknown;
}

export interface Baresip {
  /** `dial sip:…`, `accept`, `hold`, `resume`, `hangup` … */
  command(command: string, params?: string): Promise<void>;
  /** The next event of this type, or an earlier one that nobody has asked for. */
  event(type: string): Promise<BaresipEvent>;
  /** What was heard in the last call, to be read after its end. 8 kHz. */
  recording(): Int16Array;
  output(): string;
  stop(): Promise<void>;
}

const running = new Set<Baresip>();

/** For `afterEach`. */
export async function stopBaresips(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()));
}

export async function startBaresip(options: BaresipOptions): Promise<Baresip> {
  const folder = mkdtempSync(join(tmpdir(), 'clinic-baresip-'));
  const control = await freePort();
  writeFileSync(join(folder, 'tone.wav'), writeWav(tone(BARESIP_HZ, TONE_SECONDS)));
  writeFileSync(join(folder, 'config'), configOf(options, folder, control));
  writeFileSync(join(folder, 'accounts'), `${accountOf(options)}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'contacts'), '');
  const child = spawn('baresip', ['-f', folder], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  const socket = await Promise.race([connected(control, child, () => output), failed]);
  const line = netstrings(socket);
  const baresip: Baresip = {
    command: async (command, params = '') => {
      socket.write(netstring(JSON.stringify({ command, params, token: command })));
      const response = await line.response();
      if (response['ok'] !== true) throw new Error(`baresip refused ${command}: ${JSON.stringify(response)}`);
    },
    event: line.event,
    recording: () => heardIn(folder),
    output: () => output,
    stop: async () => {
      running.delete(baresip);
      socket.destroy();
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  running.add(baresip);
  return baresip;
}

function accountOf({
  address,
  password,
  transport = 'udp',
  account = [],
  codecs = ['PCMA/8000/1'],
}: BaresipOptions): string {
  const [user = ''] = address.split('@');
  const parts = [
    `<sip:${address};transport=${transport}>`,
    ...(password === undefined ? ['regint=0'] : [`auth_user=${user}`, `auth_pass=${password}`, 'regint=60']),
    ...['answermode=manual', `audio_codecs=${codecs.join(',')}`, ...account],
  ];
  return parts.join(';');
}

function configOf({ caFile }: BaresipOptions, folder: string, control: number): string {
  const modules = MODULES.find((path) => existsSync(path));
  if (modules === undefined) throw new Error(`baresip's modules are in none of ${MODULES.join(', ')}`);
  return [
    `sip_listen ${HOST}:0`,
    `net_interface ${HOST}`,
    ...(caFile === undefined ? [] : [`sip_cafile ${caFile}`]),
    'call_local_timeout 120',
    'call_max_calls 4',
    `audio_source aufile,${folder}/tone.wav`,
    'audio_player aubridge,ear',
    'audio_alert aubridge,bell',
    // One file of speech and one of hearing, whatever the codec: 8 kHz, one channel.
    ...['ausrc_srate 8000', 'auplay_srate 8000', 'ausrc_channels 1', 'auplay_channels 1'],
    `snd_path ${folder}`,
    `ctrl_tcp_listen ${HOST}:${control}`,
    `module_path ${modules}`,
    ...NEEDED.map(
      (name) => `${['account', 'menu', 'ctrl_tcp'].includes(name) ? 'module_app' : 'module'} ${name}.so`,
    ),
    '',
  ].join('\n');
}

async function connected(port: number, child: ChildProcess, output: () => string): Promise<Socket> {
  let socket: Socket | null = null;
  const tries = () =>
    new Promise<boolean>((resolve) => {
      const made = connect(port, HOST);
      made.once('connect', () => resolve(((socket = made), true)));
      made.once('error', () => resolve(false));
    });
  await waitFor(tries, 10_000, 50).catch((cause: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`baresip does not listen to us:\n${output()}`, { cause });
  });
  return socket as unknown as Socket;
}

interface Line {
  response: () => Promise<BaresipEvent>;
  event: (type: string) => Promise<BaresipEvent>;
}

const netstring = (text: string): string => `${Buffer.byteLength(text)}:${text},`;

function netstrings(socket: Socket): Line {
  const events: BaresipEvent[] = [];
  const responses: BaresipEvent[] = [];
  let rest = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const colon = rest.indexOf(':');
      const length = Number(rest.toString('latin1', 0, colon));
      if (colon < 0 || rest.length < colon + length + 2) return;
      const message = JSON.parse(rest.toString('utf8', colon + 1, colon + 1 + length)) as BaresipEvent;
      rest = rest.subarray(colon + length + 2);
      if (message['event'] === true) events.push(message);
      else responses.push(message);
    }
  });
  return {
    response: async () => {
      await waitFor(() => responses.length > 0);
      return responses.shift()!;
    },
    event: async (type) => {
      const at = () => events.findIndex((event) => event.type === type);
      await waitFor(() => at() >= 0, 20_000).catch((cause: unknown) => {
        throw new Error(`baresip tells no ${type}, but ${events.map((event) => event.type).join(', ')}`, {
          cause,
        });
      });
      return events.splice(at(), 1)[0]!;
    },
  };
}

/**
 * The file is as the codec is: 8 kHz and one channel, or Opus' 48 kHz and two. Its length stands in the head at the very end
 * only, if at all: what follows the head is the sound.
 */
function heardIn(folder: string): Int16Array {
  const names = readdirSync(folder).filter((file) => file.endsWith('-dec.wav'));
  const name = names.sort().at(-1);
  if (name === undefined) throw new Error('baresip wrote down nothing of what it heard');
  const file = readFileSync(join(folder, name));
  const head = file.indexOf('fmt ', 12, 'latin1') + 8;
  const [channels, rate] = [file.readUInt16LE(head + 2), file.readUInt32LE(head + 4)];
  const every = channels * (rate / 8_000);
  const data = file.indexOf('data', head, 'latin1') + 8;
  const samples = Math.floor((file.length - data) / 2 / every);
  return Int16Array.from({ length: samples }, (_, at) => file.readInt16LE(data + at * every * 2));
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const tooLong = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
  clearTimeout(tooLong);
}
