/** Under which account a server runs: ours, or where we are root one without rights of its own. */
import { chownSync, mkdirSync, chmodSync } from 'node:fs';
import { fault } from './fault.mjs';
import { isRoot } from './privilege.mjs';
import { findProgram, tryRun } from './run.mjs';

/** @typedef {{ uid: number, gid: number }} Account */

/**
 * Of systemd's range for accounts without a name: nobody has it, so Asterisk can touch nothing but its own.
 * @type {Account}
 */
const NAMELESS = { uid: 61_137, gid: 61_137 };

/** @returns {Account} */
export const ourselves = () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });

/** @returns {Account} */
export const namelessAccount = () => (isRoot() ? NAMELESS : ourselves());

/**
 * @param {string} name the account its Debian package has made
 * @returns {Promise<Account>} ours where we are not root
 */
export async function packageAccount(name) {
  if (!isRoot()) return ourselves();
  const { code, stdout } = await tryRun(['getent', 'passwd', name]);
  const [, , uid, gid] = stdout.split(':');
  if (code !== 0)
    throw fault('account-missing', `There is no account "${name}"; the server's package makes it.`);
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * The command under that account: setpriv becomes the program, so that the process started is the one to stop.
 * @param {Account} account
 * @param {readonly string[]} command
 */
export function commandAs({ uid, gid }, command) {
  if (!isRoot()) return [...command];
  const setpriv = findProgram('setpriv') ?? 'setpriv';
  return [setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs', '--', ...command];
}

/** A folder of that account's, for nobody else. @param {string} path @param {Account} account */
export function ownFolder(path, { uid, gid }) {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (isRoot()) chownSync(path, uid, gid);
  chmodSync(path, 0o700);
}
