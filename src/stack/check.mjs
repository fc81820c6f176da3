/** `npm run check`: types, lint, format, import rules, dead code. All of them, however the first ends. */
import { availableParallelism } from 'node:os';
import { needDependencies } from './dependencies.mjs';
import { lastingUntilDone } from './ending.mjs';
import { npmTool, runTool } from './tools.mjs';

const CHECKS = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'lint', command: ['eslint', '.'] },
  { name: 'format', command: ['prettier', '--check', '.'] },
  { name: 'import rules', command: ['depcruise', 'src', '--config', '.dependency-cruiser.cjs'] },
  { name: 'dead code', command: ['knip'] },
];
const AT_ONCE = Math.min(availableParallelism(), CHECKS.length);
const NAME_WIDTH = Math.max(...CHECKS.map(({ name }) => name.length));

/** @returns {Promise<boolean>} whether it is fine; its output is shown only where it is not */
async function check({ name, command }, signal) {
  const since = performance.now();
  const ended = await runTool(npmTool(...command), { signal });
  const fine = ended.code === 0;
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  process.stdout.write(`${name.padEnd(NAME_WIDTH)}  ${fine ? 'ok    ' : 'failed'}  ${seconds} s\n`);
  if (!fine) process.stdout.write(`${indent(ended.output)}\n`);
  return fine;
}

const indent = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

await lastingUntilDone(async ({ signal }) => {
  await needDependencies(signal);
  const waiting = [...CHECKS];
  let failures = 0;
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      if (!(await check(next, signal))) failures += 1;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  process.stdout.write(failures === 0 ? 'all fine\n' : `${failures} of ${CHECKS.length} failed\n`);
  return failures === 0 ? 0 : 1;
});
