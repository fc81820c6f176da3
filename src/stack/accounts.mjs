/**
 * Where root starts the stack, its servers run under the accounts their packages have made, and since those may be
 * unable to enter the checkout, their data lies outside of it.
 */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRoot, run } from './commands.mjs';
import { fault } from './fault.mjs';

const OUTSIDE = '/var/lib/clinic-137';

/** @typedef {{ uid?: number, gid?: number }} Account empty: the caller's */

/**
 * @param {string} name
 * @returns {Promise<Account>}
 * @throws fault account-missing
 */
export async function accountNamed(name) {
  if (!isRoot) return {};
  const { code, output } = await run('getent', ['passwd', name]);
  if (code !== 0) throw fault('account-missing', `There is no account "${name}"; Debian's package makes it`);
  const [, , uid, gid] = output.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * @param {string} folder of the server's data, directly below the state folder
 * @param {string} server names the folder outside
 * @returns {string} the folder to use instead where the caller is root
 */
export function dataFolder(folder, server) {
  if (!isRoot) return folder;
  return join(OUTSIDE, createHash('sha256').update(dirname(folder)).digest('hex').slice(0, 12), server);
}

/** Makes the folder, the account's alone; those above it may be passed through, whatever the caller's umask. */
export function ownFolder(folder, { uid, gid }) {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  if (uid === undefined) return;
  chownSync(folder, uid, gid);
  for (const above of [join(folder, '..'), OUTSIDE]) chmodSync(above, 0o755);
}
