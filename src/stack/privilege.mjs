/** Steps that need root: done by us when we are root, else through sudo, each announced with its reason. */
import { fault } from './fault.mjs';
import { say } from './progress.mjs';
import { findProgram, tryRun } from './run.mjs';

export const isRoot = () => process.getuid?.() === 0;

let allowed = isRoot();

/**
 * Makes sure that root's steps can be done; asks for the password where that is needed and somebody can give it.
 * @param {string} why what root is needed for
 * @throws {import('./fault.mjs').Fault} root-needed
 */
export async function needRoot(why) {
  if (isRoot()) return;
  say(`using sudo: ${why}`);
  if (allowed) return;
  if (findProgram('sudo') === null) {
    throw fault('root-needed', `Root is needed (${why}) and there is no sudo here: run this as root.`);
  }
  const silent = await tryRun(['sudo', '-n', 'true']);
  if (silent.code !== 0 && !(await askPassword())) {
    throw fault('root-needed', `Root is needed (${why}): run this as root or as a user who may use sudo.`);
  }
  allowed = true;
}

async function askPassword() {
  if (!process.stdin.isTTY) return false;
  const { spawnSync } = await import('node:child_process');
  return spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status === 0;
}

/** The command as root. Call `needRoot` first. @param {readonly string[]} command @returns {string[]} */
export const asRoot = (command) => (isRoot() ? [...command] : ['sudo', '-n', '--', ...command]);
