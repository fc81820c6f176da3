/** Where a stack keeps its things: a folder of the checkout, and one outside of it for servers that do not run as us. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson, writeJson } from './files.mjs';
import { isRoot } from './privilege.mjs';
import { say } from './progress.mjs';

/** The checkout's folder. */
export const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Servers with an account of their own cannot enter a checkout below a folder that only root can enter. */
const OUTSIDE = '/var/lib/clinic-137';

/**
 * @typedef {{
 *   dir: string, id: string, name: string, logs: string, servers: string, outside: boolean,
 *   file: (...parts: string[]) => string, record: (name: string) => string, log: (name: string) => string,
 * }} Home
 *   id: random, names the folder outside; servers: where PostgreSQL and Redis keep their data; outside: is that elsewhere?
 */

/** The stack of the demo, of `npm run stack` and of everyday work. */
export const localDir = () => join(CHECKOUT, '.local');
/** The tests' stack, beside it. */
export const testDir = () => join(CHECKOUT, '.local', 'test');

/** What can be made again, shared by all checkouts of a user. CLINIC_CACHE_DIR puts it elsewhere. */
export function cacheDir() {
  const given = process.env['CLINIC_CACHE_DIR'];
  if (given !== undefined && given !== '') return given;
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'clinic-137');
}

/**
 * @param {string} dir
 * @returns {Home | null} null where no stack was ever made
 */
export function findHome(dir) {
  const found = readJson(join(dir, 'home.json'));
  return found === null || found.path !== dir ? null : describeHome(dir, found.id);
}

/**
 * The stack's folder, made where it is missing. A folder that came along with a copied checkout describes the original's
 * processes and secrets, so it is begun afresh; one that was moved is kept.
 * @param {string} dir
 * @returns {Home}
 */
export function openHome(dir) {
  const file = join(dir, 'home.json');
  const found = readJson(file);
  if (found !== null && found.path !== dir && existsSync(join(found.path, 'home.json'))) {
    say(`${dir} is a copy of ${found.path}: its state is not taken over`);
    for (const entry of readdirSync(dir))
      if (!entry.endsWith('.lock')) rmSync(join(dir, entry), { recursive: true });
    return openHome(dir);
  }
  const id = found?.id ?? randomBytes(8).toString('hex');
  const home = describeHome(dir, id);
  for (const folder of [home.logs, home.file('run')]) mkdirSync(folder, { recursive: true });
  chmodSync(dir, 0o700);
  if (found?.path !== dir) writeJson(file, { id, path: dir });
  return home;
}

/** @returns {Home} */
function describeHome(dir, id) {
  const outside = isRoot();
  return {
    dir,
    id,
    name: basename(CHECKOUT),
    logs: join(dir, 'log'),
    servers: outside ? join(OUTSIDE, id) : dir,
    outside,
    file: (...parts) => join(dir, ...parts),
    record: (name) => join(dir, 'run', `${name}.json`),
    log: (name) => join(dir, 'log', `${name}.log`),
  };
}
