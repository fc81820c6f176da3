/**
 * A reason for which a command cannot go on, told to the person in one line.
 * @param {string} code stable, kebab-case
 * @param {string} message
 * @param {unknown} [cause]
 */
export function fault(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { code });
}

/**
 * Ends a command on an error: a fault of ours as its message alone, anything else with its stack, since that is a mistake.
 * @param {unknown} error
 */
export function tellAndFail(error) {
  const known = error instanceof Error && /^[a-z]+(-[a-z]+)+$/.test(String(error.code ?? ''));
  process.stderr.write(`${known ? error.message : (error?.stack ?? error)}\n`);
  process.exitCode = 1;
}
