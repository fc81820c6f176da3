/**
 * Background processes: started, found again, stopped by exact identity.
 *
 * A process number alone may by now be someone else's; with the time it was started (in the kernel's ticks since this
 * boot) it names one process for ever.
 *
 * @typedef {{ pid: number, started: string, boot: string, signature?: string }} ProcessRecord
 *   signature: what it was started with; another one means that it must be started anew.
 */
import { spawn } from 'node:child_process';
import { openSync, closeSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fault } from './fault.mjs';
import { readJson, readText, writeJson } from './files.mjs';

const LOOK_EVERY_MS = 20;

/** The boot this is: process numbers and ticks begin anew with each. */
export const bootId = () => (readText('/proc/sys/kernel/random/boot_id') ?? '').trim();

/**
 * @param {number} pid
 * @returns {string | null} when it was started, in ticks since the boot; null where it has ended
 */
export function startedAt(pid) {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name stands in parentheses and may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

/** @param {ProcessRecord | null} record @returns {record is ProcessRecord} */
export const isAlive = (record) =>
  record !== null && record.boot === bootId() && startedAt(record.pid) === record.started;

/** @param {string} path @returns {ProcessRecord | null} of a process that lives; else null */
export function readProcess(path) {
  const record = readJson(path);
  return isAlive(record) ? record : null;
}

/**
 * Starts a server in the background, in a session of its own (Ctrl-C here is not meant for it), and writes it down.
 * @param {readonly string[]} command must become the server, not start it
 * @param {{ record: string, log: string, signature?: string, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<ProcessRecord>}
 */
export async function launch([program = '', ...args], { record: path, log, signature, cwd = '/', env }) {
  const output = openSync(log, 'a', 0o600);
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  const pid = child.pid ?? 0;
  const record = { pid, started: startedAt(pid) ?? '', boot: bootId(), ...(signature === undefined ? {} : { signature }) };
  writeJson(path, record);
  return record;
}

/**
 * Ends a process and forgets it. Each signal has its time before the next, harsher one.
 * @param {string} path of its record
 * @param {readonly [NodeJS.Signals, number][]} signals with the milliseconds to wait after it
 * @returns {Promise<boolean>} false where it was not alive
 */
export async function stop(path, signals) {
  const record = readProcess(path);
  for (const [signal, patienceMs] of record === null ? [] : signals) {
    if (!isAlive(record)) break;
    send(record.pid, signal);
    for (let waited = 0; waited < patienceMs && isAlive(record); waited += LOOK_EVERY_MS) await pause(LOOK_EVERY_MS);
  }
  if (isAlive(record)) throw fault('process-stays', `Process ${record?.pid} (${path}) cannot be stopped.`);
  rmSync(path, { force: true });
  return record !== null;
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Waits until it answers. Polling is right here: the servers tell nobody when they are up.
 * @param {string} what
 * @param {() => Promise<boolean>} answers
 * @param {{ withinMs: number, isAlive: () => boolean, log: string }} options
 * @throws {import('./fault.mjs').Fault} start-failed, with the last line of its log
 */
export async function untilUp(what, answers, { withinMs, isAlive: lives, log }) {
  for (const end = performance.now() + withinMs; performance.now() < end; await pause(LOOK_EVERY_MS)) {
    if (await answers()) return;
    if (!lives()) throw fault('start-failed', `${what} ended while starting: ${lastLine(log)} (${log})`);
  }
  throw fault('start-failed', `${what} did not answer within ${withinMs / 1000} s: ${lastLine(log)} (${log})`);
}

/** @param {string} path */
function lastLine(path) {
  const lines = (readText(path) ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? 'it said nothing';
}
