/** Other programs: run to their end, as this user or as root. */
import { spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fault } from './fault.mjs';

/** Where servers' programs lie; an ordinary user's PATH often leaves these out. */
const MORE_PATHS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** @param {string} program @returns {string | null} its path, null where it is not installed */
export function findProgram(program) {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_PATHS];
  for (const folder of folders) {
    const path = join(folder === '' ? '.' : folder, program);
    if (isExecutable(path)) return path;
  }
  return null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return false;
    throw error;
  }
}

/**
 * @typedef {{ code: number | null, signal: string | null, stdout: string, stderr: string }} Ended
 * @typedef {{
 *   input?: string, env?: Record<string, string>, cwd?: string, log?: string, onLine?: (line: string) => void, keepOpen?: number,
 * }} RunOptions
 *   log: a file that gets all output too; keepOpen: a file descriptor the program inherits (a lock's).
 */

/**
 * Runs a program to its end, whatever its exit code.
 * @param {readonly string[]} command
 * @param {RunOptions} [options]
 * @returns {Promise<Ended>} code 127 where there is no such program
 */
export function tryRun([program = '', ...args], options = {}) {
  const { input, env = {}, cwd, log, onLine = () => undefined, keepOpen } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe', ...(keepOpen === undefined ? [] : [keepOpen])],
    });
    const file = log === undefined ? null : createWriteStream(log, { flags: 'a' });
    const output = { stdout: '', stderr: '' };
    for (const stream of /** @type {const} */ (['stdout', 'stderr'])) {
      child[stream].setEncoding('utf8');
      child[stream].on('data', (text) => {
        output[stream] += text;
        file?.write(text);
        for (const line of text.split('\n')) if (line.trim() !== '') onLine(line.trim());
      });
    }
    // A program may end before it has read its input; its exit code tells.
    child.stdin.on('error', (error) => (output.stderr += `${error.message}\n`));
    child.stdin.end(input);
    child.on('error', (error) => {
      if ('code' in error && error.code === 'ENOENT') resolve({ code: 127, signal: null, ...output });
      else reject(error);
    });
    child.on('close', (code, signal) => {
      file?.end();
      resolve({ code, signal, ...output });
    });
  });
}

/**
 * Runs a program that must succeed.
 * @param {readonly string[]} command
 * @param {RunOptions} [options]
 * @returns {Promise<string>} what it printed
 * @throws {import('./fault.mjs').Fault} command-failed, with the last line of its complaint
 */
export async function run(command, options) {
  const ended = await tryRun(command, options);
  if (ended.code === 0) return ended.stdout;
  throw fault('command-failed', `${command[0]} failed: ${complaint(ended)}`);
}

/** The last line a program said before it failed. @param {Ended} ended */
export function complaint({ code, signal, stdout, stderr }) {
  if (code === 127) return 'it is not installed';
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? (signal === null ? `it ended with ${code}` : `it was ended by ${signal}`);
}
