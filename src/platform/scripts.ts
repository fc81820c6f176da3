import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Redis } from 'ioredis';
import { codeOf, fault, messageOf } from './fault.ts';

/**
 * Atomic Redis transitions, one Lua file each. A file begins with a comment that tells its purpose and has lines
 * beginning `-- KEYS`, `-- ARGV` and `-- returns` (in any case; `none` where there is none). `prelude.lua`, if the folder
 * has one, stands before every script and holds what they share.
 */
export interface Scripts {
  /**
   * Runs one transition.
   * @param name file name without `.lua`
   * @returns what the script returned: integer, string, null or nested lists of them.
   * @throws the named error of a negative return; `redis-failed` when Redis did not carry it out or the answer was lost.
   */
  run(name: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  readonly names: readonly string[];
}

/** Negative return value → code of the error it means, e.g. `{ '-1': 'offer-stale' }`. */
export type ScriptErrors = Readonly<Record<number, string>>;

/**
 * Reads and checks every script of a folder; Redis learns a script when it is first run, and again after SCRIPT FLUSH.
 * @throws `script-head-missing` naming the file and the line it lacks.
 */
export function loadScripts(redis: Redis, folder: string, errors: ScriptErrors = {}): Scripts {
  const files = readdirSync(folder).filter((file) => file.endsWith('.lua'));
  const prelude = files.includes('prelude.lua') ? readFileSync(join(folder, 'prelude.lua'), 'utf8') : '';
  const names: string[] = [];
  for (const file of files.sort()) {
    if (file === 'prelude.lua') continue;
    const body = readFileSync(join(folder, file), 'utf8');
    checkHead(file, body);
    const name = basename(file, '.lua');
    names.push(name);
    redis.defineCommand(commandName(folder, name), { lua: `${prelude}\n${body}` });
  }
  return { names, run: (name, keys, args) => run(redis, folder, errors, name, keys, args) };
}

type Command = (keyCount: number, ...values: (string | number)[]) => Promise<unknown>;

async function run(
  redis: Redis,
  folder: string,
  errors: ScriptErrors,
  name: string,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const command = (redis as unknown as Record<string, Command | undefined>)[commandName(folder, name)];
  if (command === undefined) throw fault('script-unknown', `There is no script ${name}`);
  let result: unknown;
  try {
    result = await command.call(redis, keys.length, ...keys, ...args);
  } catch (error) {
    throw fault('redis-failed', `${name}: ${messageOf(error)}${suffix(error)}`, error);
  }
  if (typeof result === 'number' && result < 0) {
    throw fault(errors[result] ?? 'script-refused', `${name} was refused (${result})`);
  }
  return result;
}

const suffix = (error: unknown): string => (codeOf(error) === null ? '' : ` (${String(codeOf(error))})`);

/** Two rooms may both have an `enqueue.lua`: the command carries its folder's name too. */
function commandName(folder: string, name: string): string {
  return `script:${folder}:${name}`;
}

const HEAD_LINES = ['KEYS', 'ARGV', 'returns'];

function checkHead(file: string, body: string): void {
  const end = body.split('\n').findIndex((line) => !line.startsWith('--'));
  const head = body.split('\n').slice(0, end === -1 ? undefined : end);
  for (const word of HEAD_LINES) {
    const found = head.some((line) =>
      line
        .replace(/^--\s*/, '')
        .toLowerCase()
        .startsWith(word.toLowerCase()),
    );
    if (!found) throw fault('script-head-missing', `${file} does not tell its ${word}`);
  }
}
