import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the parts of the tests' stack write into their log files. */

export interface LogText {
  /** Name of the file, or of whatever else the text came from. */
  from: string;
  text: string;
}

/**
 * Asterisk's own logs (its console, messages, CEL) and those of PostgreSQL and Redis.
 * @returns a function that gives what was written since this one was called
 */
export function followStackLogs(): () => LogText[] {
  const path = process.env['CLINIC_TEST_STACK'];
  if (path === undefined) throw new Error('No test stack: run npm test');
  const state = dirname(path);
  const files = () => [join(state, 'log'), join(state, 'asterisk', 'log')].flatMap(filesBelow);
  const before = new Map(files().map((file) => [file, statSync(file).size]));
  return () =>
    files().map((file) => ({
      from: file.slice(state.length + 1),
      text: readFileSync(file)
        .subarray(before.get(file) ?? 0)
        .toString('utf8'),
    }));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
