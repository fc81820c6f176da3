/** Programs that are run to their end, such as npm, the compiler, the linters. */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fault } from './fault.mjs';
import { endGroup } from './groups.mjs';
import { projectDir } from './paths.mjs';

/**
 * @typedef {{ code: number | null, output: string }} Ended code null: by a signal; output: both streams as they came
 * @typedef {{ env?: Record<string, string>, logFile?: string, onLine?: (line: string) => void, signal?: AbortSignal }} ToolOptions
 *   env: over our own; logFile: gets all output too; signal: ends it and all it has started
 */

/** What npm has installed here. @param {string} program @param {...string} args */
export const npmTool = (program, ...args) => [join(projectDir, 'node_modules', '.bin', program), ...args];

/** npm itself: the very one that runs us, where one does. */
export function npm() {
  const path = process.env['npm_execpath'];
  return path !== undefined && /npm-cli\.[cm]?js$/.test(path) ? [process.execPath, path] : ['npm'];
}

/**
 * @param {readonly string[]} command run in the checkout
 * @param {ToolOptions} [options]
 * @returns {Promise<Ended>} also after a failure; the caller judges
 * @throws fault program-missing; the signal's reason when ended by it
 */
export async function runTool(
  [program = '', ...args],
  { env = {}, logFile, onLine = () => undefined, signal } = {},
) {
  signal?.throwIfAborted();
  if (logFile !== undefined) mkdirSync(dirname(logFile), { recursive: true });
  const log = logFile === undefined ? null : createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  const child = spawn(program, args, {
    cwd: projectDir,
    env: { ...process.env, ...env },
    // A group of its own: what it has started ends with it, and Ctrl-C reaches it through us, in order.
    ...{ detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output += `${line}\n`;
      log?.write(`${line}\n`);
      if (line.trim() !== '') onLine(line);
    });
  }
  try {
    return { code: await exitOf(child, program, signal), output };
  } finally {
    log?.end();
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child leader of its group
 * @param {string} program
 * @param {AbortSignal} [signal]
 * @returns {Promise<number | null>} its exit code
 */
export async function exitOf(child, program, signal) {
  const ended = new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(fault('program-missing', `${program} cannot be started: ${error.message}`, error)),
    );
    child.once('close', resolve);
  });
  const stop = () => void endGroup(child);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const code = await ended;
    signal?.throwIfAborted();
    return code;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** The last line a program said. @param {Ended} ended */
export const lastWords = ({ code, output }) =>
  output.trim().split('\n').at(-1)?.trim() ||
  (code === null ? 'it was ended by a signal' : `exit code ${code}`);
