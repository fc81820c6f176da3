/** Where the local stack keeps its things. */
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const projectDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const checkoutName = basename(projectDir);

/**
 * The folder of everything a stack leaves behind: `.local`, for the tests' own stack `.local/test`.
 * @param {{ test?: boolean, env?: NodeJS.ProcessEnv }} [options] CLINIC_STATE_DIR stands in for `.local`
 * @returns {string} absolute
 */
export function stateDirOf({ test = false, env = process.env } = {}) {
  const folder = resolve(projectDir, env.CLINIC_STATE_DIR || '.local');
  return test ? join(folder, 'test') : folder;
}

/** What all checkouts of a user share: Asterisk's root file system and the spoken phrases. */
export function cacheDirOf(env = process.env) {
  const caches = env.CLINIC_CACHE_DIR || env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(resolve(caches), 'clinic-137');
}

/**
 * @param {string} stateDir
 * @returns the files and folders below it
 */
export function layoutOf(stateDir) {
  const at = (...parts) => join(stateDir, ...parts);
  return {
    stackFile: at('stack.json'),
    secretsFile: at('secrets.json'),
    lockFile: at('lock'),
    /** Process records. */
    pids: at('run'),
    logs: at('log'),
    recordings: at('recordings'),
    redis: at('redis'),
    postgres: at('postgres'),
    asterisk: at('asterisk'),
  };
}
