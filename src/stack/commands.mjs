/** Running the machine's programs: to their end, as root where a step needs it. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fault } from './fault.mjs';

export const isRoot = process.getuid() === 0;

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ input?: string, env?: NodeJS.ProcessEnv, uid?: number, gid?: number, logFile?: string, cwd?: string }} [options]
 *   logFile: output is added to this file instead of being returned
 * @returns {Promise<{ code: number | null, output: string, complaint: string }>} code null: ended by a signal
 * @throws fault program-missing
 */
export function run(program, args, { input, env, uid, gid, logFile, cwd } = {}) {
  if (logFile) mkdirSync(dirname(logFile), { recursive: true });
  const sink = logFile ? openSync(logFile, 'a', 0o600) : 'pipe';
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', sink, sink],
      env: env ?? process.env,
      uid,
      gid,
      cwd,
    });
    const kept = { output: '', complaint: '' };
    child.stdout?.setEncoding('utf8').on('data', (text) => (kept.output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (kept.complaint += text));
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', (error) => (kept.complaint += `${error.message}\n`));
    child.on('error', (error) =>
      reject(fault('program-missing', `${program} cannot be started: ${error.message}`, error)),
    );
    child.on('close', (code) => resolve({ code, ...kept }));
    child.stdin.end(input ?? '');
  }).finally(() => typeof sink === 'number' && closeSync(sink));
}

/** As `run`, but as root, through sudo where the caller is not root. Call `ensureRoot` before. */
export function runAsRoot(program, args, options) {
  return isRoot ? run(program, args, options) : run('sudo', ['-n', '--', program, ...args], options);
}

/**
 * Makes sure that `runAsRoot` will work; asks for the password once, and only at a terminal.
 * @param {string} purpose what needs it, shown to the person
 * @throws fault root-needed
 */
export function ensureRoot(purpose, log) {
  if (isRoot) return;
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return;
  if (process.stdin.isTTY) {
    log(`sudo is needed for: ${purpose}`);
    if (spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status === 0) return;
  }
  throw fault(
    'root-needed',
    `Root's rights are needed for: ${purpose}. Run this as root or as a user who may use sudo.`,
  );
}

/** Whether such a program is on the path. */
export function has(program) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' }).status === 0;
}

const TELL_AGAIN_MS = 10_000;

/**
 * A step that may take a while: told at its end with its seconds, and every ten seconds that it still runs.
 * @template T
 * @param {(line: string) => void} log
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(log, what, work) {
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
  const timer = setInterval(() => log(`${what} … ${seconds()} s so far`), TELL_AGAIN_MS);
  try {
    const result = await work();
    log(`${what}: ${seconds()} s`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Runs `work` while no other process works under the same lock. The kernel holds it for a child that lives no longer
 * than this process, so a lock never outlives its owner.
 * @template T
 * @param {string} file
 * @param {() => void} onWait called when someone else has it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, onWait, work) {
  mkdirSync(dirname(file), { recursive: true });
  const told = setTimeout(onWait, 1000);
  const child = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat >&2'], {
    // Ctrl-C in a terminal is meant for us, not for the lock we hold while we put things away.
    ...{ detached: true, stdio: ['pipe', 'pipe', 'ignore'] },
  });
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('error', (error) => reject(fault('lock-failed', `flock: ${error.message}`, error)));
      child.once('exit', (code) => reject(fault('lock-failed', `flock ${file} ended with ${code}`)));
    });
    clearTimeout(told);
    return await work();
  } finally {
    clearTimeout(told);
    const ended =
      child.exitCode === null &&
      child.signalCode === null &&
      new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
  }
}
