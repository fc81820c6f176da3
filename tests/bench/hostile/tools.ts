import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relayFrom } from './relay.ts';
import { BLOCKED, UNBLOCKED, type Scene } from './scene.ts';

/** SIPVicious, the usual burglar's tool: what it finds, and how far it gets. */

const MOST_SECONDS = 90;

interface Ran {
  output: string;
  seconds: number;
}

/** Runs one of the tools against the stack, bounded in time; its sessions lie in a folder of its own. */
async function tool(name: string, host: string, args: readonly string[], folder: string): Promise<Ran> {
  const relay = await relayFrom(host);
  const began = performance.now();
  const child = spawn(name, ['-p', `${relay.port}`, ...args, '127.0.0.1'], {
    env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), MOST_SECONDS * 1000);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  clearTimeout(timer);
  relay.close();
  return { output, seconds: Math.round((performance.now() - began) / 100) / 10 };
}

export async function runTools(
  { clinic, spare }: Scene,
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'clinic-137-tools-'));
  try {
    const dictionary = join(folder, 'passwords.txt');
    // The right password stands among them, far enough behind.
    const words = Array.from({ length: 5_000 }, (_, i) => `guess${i}`);
    writeFileSync(
      dictionary,
      `${[...words.slice(0, 2_000), spare.password, ...words.slice(2_000)].join('\n')}\n`,
    );
    const users = join(folder, 'users.txt');
    writeFileSync(users, Array.from({ length: 300 }, (_, i) => `e${String(i).padStart(3, '0')}`).join('\n'));
    const found: Record<string, unknown> = {};
    const devices = await tool('svmap', `${UNBLOCKED}2`, [], folder);
    found['svmap'] = {
      seconds: devices.seconds,
      userAgent: /\| *(clinic)/.exec(devices.output)?.[1] ?? null,
    };
    for (const method of ['REGISTER', 'INVITE', 'OPTIONS']) {
      const args = ['--force', '-m', method, '-d', users];
      const scan = await tool('svwar', `${UNBLOCKED}3`, args, folder);
      found[`svwar ${method}`] = { seconds: scan.seconds, accounts: accountsIn(scan.output) };
      tell(`  svwar -m ${method}: ${accountsIn(scan.output).length} accounts told apart`);
    }
    for (const [name, host] of [
      ['unblocked', `${UNBLOCKED}4`],
      ['blocked', `${BLOCKED}4`],
    ] as const) {
      const crack = await tool('svcrack', host, ['-u', spare.username, '-d', dictionary], folder);
      const opened = crack.output.includes(spare.password);
      found[`svcrack ${name}`] = { seconds: crack.seconds, opened };
      tell(
        `  svcrack, source ${name}: ${opened ? 'found the password that stood in its list' : 'found nothing'} in ${crack.seconds} s`,
      );
    }
    found['blocks'] = clinic.lines.filter(({ msg }) => msg === 'source.blocked').length;
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** svwar lists `| e001 | reqauth |` for what it takes to be there. */
const accountsIn = (output: string): string[] =>
  [...output.matchAll(/^\| (e[0-9]{3}) +\| (?!weird)/gm)].map(([, account]) => account ?? '');
