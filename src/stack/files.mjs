/** Small files that are read, and replaced as a whole: a reader finds the old one or the new one. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** @param {string} path @returns {any} null where there is no such file, or it is not whole */
export function readJson(path) {
  const text = readText(path);
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @param {string} path @returns {string | null} */
export function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // ESRCH: of a file of /proc whose process has just ended.
    if (['ENOENT', 'ENOTDIR', 'ESRCH'].includes(error.code)) return null;
    throw error;
  }
}

/** For our eyes alone (0600). @param {string} path @param {unknown} value */
export function writeJson(path, value) {
  const fresh = `${path}.${process.pid}.new`;
  writeFileSync(fresh, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, path);
}
