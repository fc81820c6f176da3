/** Secrets of a stack: random, made once, kept with its state (mode 0600). */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeAside } from './processes.mjs';

export const ROLES = ['admin', 'supervisor', 'reviewer', 'editor', 'auditor', 'expert'];
const NAMES = ['postgres', 'ari', 'ami', 'trunk', 'recordings', ...ROLES.map((role) => `account-${role}`)];

/**
 * @param {string} file
 * @returns {Record<string, string>} by name: postgres, ari, ami, trunk, recordings, account-<role>; letters and digits only
 */
export function secretsIn(file) {
  const kept = read(file);
  const missing = NAMES.filter((name) => typeof kept[name] !== 'string');
  for (const name of missing) kept[name] = randomBytes(bytesOf(name)).toString('hex');
  if (missing.length > 0) writeAside(file, `${JSON.stringify(kept, null, 2)}\n`);
  return kept;
}

/** The key of recordings is one of AES-256. */
const bytesOf = (name) => (name.startsWith('account-') ? 10 : name === 'recordings' ? 32 : 24);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}
