/**
 * What set-up says when it cannot go on: one clear line, and the exit code 1.
 *
 * @typedef {Error & { code: string }} Fault
 */

const faults = new WeakSet();

/**
 * @param {string} code stable, kebab-case
 * @param {string} message one line: what is missing and what to do about it
 * @param {unknown} [cause]
 * @returns {Fault}
 */
export function fault(code, message, cause) {
  const error = Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
  faults.add(error);
  return error;
}

/** @param {unknown} error @returns {error is Fault} true for what `fault` made, i.e. what is meant for the user's eyes */
export const isFault = (error) => error instanceof Error && faults.has(error);

/**
 * Runs a command of ours. A fault becomes one line, anything else is a mistake of the program and shows its stack.
 * @param {() => Promise<number | undefined | void>} work resolves to the exit code, default 0
 */
export async function runCommand(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(isFault(error) ? `${error.message}\n` : `${describe(error)}\n`);
    process.exitCode = 1;
  }
}

function describe(error) {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
