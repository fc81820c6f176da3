/** What a run of the tests needs, and what came of it. No input or output. */

/** Options of vitest that take their value as the next argument. */
const WITH_VALUE = new Set([
  '-t',
  '--testNamePattern',
  '--project',
  '--reporter',
  '--exclude',
  '--bail',
  '--retry',
  '--outputFile',
]);
const UNIT = /^(\.\/)?tests\/unit(\/|$)/;
const LINE = /^(\.\/)?tests(\/?$|\/line(\/|$))/;

/** Folders in which there are many tests of the line. */
const MANY = /^(\.\/)?(tests|tests\/line)\/?$/;
const AT_ONCE = 2;

/**
 * Unit tests need nothing but Node. Whatever is not surely one of them gets a stack; many tests of the line get two, on each
 * of which one file runs at a time.
 * @param {readonly string[]} args of vitest
 * @returns {number}
 */
export function stacksFor(args) {
  const filters = args.filter((arg, index) => !arg.startsWith('-') && !WITH_VALUE.has(args[index - 1] ?? ''));
  const projects = args.flatMap((arg, index) => {
    if (arg.startsWith('--project=')) return [arg.slice('--project='.length)];
    return args[index - 1] === '--project' ? [arg] : [];
  });
  if (projects.length > 0 && projects.every((project) => project === 'unit')) return 0;
  if (filters.length > 0 && filters.every((filter) => UNIT.test(filter))) return 0;
  const line = projects.length === 0 || projects.includes('line');
  const lines = filters.filter((filter) => LINE.test(filter));
  return line && (filters.length === 0 || lines.length > 1 || lines.some((filter) => MANY.test(filter)))
    ? AT_ONCE
    : 1;
}

/** So many tests that pass at the second attempt only are no accident any more. */
const UNSTEADY_AT_MOST = 5;

/**
 * @typedef {{ fullName: string, status: string, failureMessages?: readonly string[] }} Assertion
 * @typedef {{
 *   numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: readonly { name: string, status: string, assertionResults: readonly Assertion[] }[],
 * }} Report what vitest's JSON reporter writes
 */

/**
 * @param {Report | null} report null: none was written
 * @param {number | null} code vitest's exit code
 * @param {boolean} strict skipped tests count against the run
 * @returns {{ line: string, complaints: string[], unsteady: string[] }} complaints: none where the run is good; unsteady: what
 *   passed at its second attempt only, and why not at the first
 */
export function tally(report, code, strict) {
  const { numPassedTests: passed = 0, numPendingTests: pending = 0, numTodoTests: todo = 0 } = report ?? {};
  const results = report?.testResults ?? [];
  // A file that cannot even be loaded has no tests that could fail.
  const unloaded = results.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  );
  const failed = (report?.numFailedTests ?? 0) + unloaded.length;
  const skipped = pending + todo;
  const unsteady = results
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status, failureMessages = [] }) => status === 'passed' && failureMessages.length > 0)
    .map(({ fullName, failureMessages = [] }) => `${fullName}: ${failureMessages[0]?.split('\n')[0]}`);
  const complaints = [];
  if (failed > 0) complaints.push(`${failed} failed`);
  else if (code !== 0) complaints.push('the run failed outside of a test; see above');
  if (report === null || passed + failed === 0) complaints.push('no test ran');
  if (strict && skipped > 0) complaints.push(`${skipped} skipped, which CI does not take`);
  if (unsteady.length > UNSTEADY_AT_MOST)
    complaints.push(
      `${unsteady.length} passed at the second attempt only; up to ${UNSTEADY_AT_MOST} are taken`,
    );
  return { line: `${passed} passed, ${failed} failed, ${skipped} skipped`, complaints, unsteady };
}
