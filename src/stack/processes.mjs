/**
 * Background processes: each has a record in a file. A process id alone may belong to someone else by now, so the start
 * time (of the kernel, ticks since that boot) is compared before any signal. A record also knows the number of its own
 * file: one that came along with a copy of the checkout speaks of the original's processes, which are not ours to end.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fault } from './fault.mjs';

/** @returns {string | null} null: no such process, or one that has ended and is not yet buried */
export function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
  } catch {
    // There is no process of that number.
    return null;
  }
}

/** @returns {{ pid: number, startTime: string, fingerprint: string } | null} the recorded process if it lives */
export function running(recordFile) {
  let kept;
  try {
    kept = JSON.parse(readFileSync(recordFile, 'utf8'));
  } catch (error) {
    // Never started. Or else a record of something that cannot be known any more.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
  const isOurs = kept.file === statSync(recordFile).ino && kept.boot === bootId();
  return isOurs && startTimeOf(kept.pid) === kept.startTime ? kept : null;
}

/** @param {string} fingerprint of what it was started with, so that a change can be seen */
export function record(recordFile, pid, fingerprint) {
  const startTime = startTimeOf(pid);
  if (startTime === null) return;
  const text = (file) => JSON.stringify({ pid, startTime, boot: bootId(), file, fingerprint });
  writeAside(recordFile, text);
}

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/**
 * Replaces a file (mode 0600) at once: a reader sees the old or the new one, whole.
 * @param {string} file
 * @param {string | ((inode: number) => string)} text
 */
export function writeAside(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, '', { mode: 0o600 });
  writeFileSync(fresh, typeof text === 'function' ? text(statSync(fresh).ino) : text);
  renameSync(fresh, file);
}

/**
 * Starts a program that outlives this one.
 * @param {{ recordFile: string, logFile: string, fingerprint: string, program: string, args: string[], env?: NodeJS.ProcessEnv, cwd?: string, uid?: number, gid?: number }} options
 * @returns {Promise<number>} its pid
 * @throws fault program-missing
 */
export async function start({ recordFile, logFile, fingerprint, program, args, ...options }) {
  const sink = openLog(logFile);
  const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', sink, sink] });
  closeSync(sink);
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(fault('program-missing', `${program} cannot be started: ${error.message}`, error)),
    );
  });
  child.unref();
  record(recordFile, child.pid, fingerprint);
  return child.pid;
}

/** A fresh log for every start, so that what stands in it is about this one. */
function openLog(logFile) {
  mkdirSync(dirname(logFile), { recursive: true });
  return openSync(logFile, 'w', 0o600);
}

const STOP_WITHIN_MS = 15_000;
const KILL_WITHIN_MS = 5_000;

/**
 * SIGTERM (or `signal`), SIGKILL if that is not enough; returns when it is gone.
 * @returns {Promise<boolean>} whether there was anything to end
 * @throws fault process-stuck
 */
export async function stop(recordFile, { signal = 'SIGTERM' } = {}) {
  const found = running(recordFile);
  if (found) {
    for (const [sent, withinMs] of [
      [signal, STOP_WITHIN_MS],
      ['SIGKILL', KILL_WITHIN_MS],
    ]) {
      kill(found.pid, sent);
      if (await gone(found, withinMs)) break;
    }
    if (startTimeOf(found.pid) === found.startTime)
      throw fault('process-stuck', `Process ${found.pid} does not end`);
  }
  rmSync(recordFile, { force: true });
  return found !== null;
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function gone({ pid, startTime }, withinMs) {
  const until = Date.now() + withinMs;
  while (startTimeOf(pid) === startTime) {
    if (Date.now() > until) return false;
    await pause(20);
  }
  return true;
}

/**
 * Asks a starting process again and again whether it is ready.
 * @param {{ name: string, recordFile: string, logFile: string, withinMs: number, ready: () => Promise<boolean> }} options
 * @throws fault start-failed with the last lines of its log
 */
export async function untilReady({ name, recordFile, logFile, withinMs, ready }) {
  const until = Date.now() + withinMs;
  for (;;) {
    if (await ready()) return;
    const alive = running(recordFile) !== null;
    if (!alive || Date.now() > until) {
      const why = alive ? `is not ready after ${withinMs / 1000} s` : 'ended while starting';
      throw fault('start-failed', `${name} ${why}; the end of ${logFile}:\n${tail(logFile)}`);
    }
    await pause(50);
  }
}

function tail(logFile) {
  return readFileSync(logFile, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-8)
    .map((line) => `  ${line}`)
    .join('\n');
}
