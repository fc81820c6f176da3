/** What must be on the machine before a stack can start. */
import { mkdirSync } from 'node:fs';
import { needAsterisk } from './asterisk-install.mjs';
import { STACK_PACKAGES, needPackages } from './packages.mjs';

/**
 * Installs what is missing; says nothing and takes milliseconds where nothing is.
 * @param {import('./home.mjs').Home} home
 * @param {readonly import('./packages.mjs').Package[]} [more] packages wanted besides
 * @returns {Promise<import('./asterisk-install.mjs').Asterisk>}
 */
export async function needSystem(home, more = []) {
  mkdirSync(home.logs, { recursive: true });
  const log = home.log('setup');
  await needPackages([...STACK_PACKAGES, ...more], log);
  return needAsterisk(log);
}
