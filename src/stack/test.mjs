/** `npm test [-- FILTERS AND OPTIONS OF VITEST]`: every test, against a stack of its own beside a running demo. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { needDependencies } from './dependencies.mjs';
import { lastingUntilDone } from './ending.mjs';
import { fault } from './fault.mjs';
import { endGroup } from './groups.mjs';
import { layoutOf, projectDir, stateDirOf } from './paths.mjs';
import { record, running } from './processes.mjs';
import { down, up } from './stack.mjs';
import { say } from './telling.mjs';
import { stacksFor, tally } from './test-runs.mjs';
import { exitOf, npmTool } from './tools.mjs';

const stateDir = stateDirOf({ test: true });
const { pids } = layoutOf(stateDir);
const reportFile = join(stateDir, 'report.json');

/** Two runs would share one stack, and each would end it under the other. */
function beAlone(afterwards) {
  const mine = join(pids, 'test-run.json');
  const other = running(mine);
  if (other !== null) throw fault('tests-running', `Tests run here already (process ${other.pid}).`);
  record(mine, process.pid, 'tests');
  afterwards(() => rmSync(mine, { force: true }));
}

/** @returns {Promise<string>} its stack file */
async function ownStack(folder, afterwards) {
  const options = { test: true, stateDir: folder, log: say };
  afterwards(() => down(options));
  const { pids, stackFile } = layoutOf(folder);
  // Left over from a run that was killed: it begins afresh.
  if (running(join(pids, 'asterisk.json')) !== null) await down(options);
  await up(options);
  return stackFile;
}

/** @returns {Promise<number | null>} vitest's exit code */
async function runVitest(args, env, { signal, afterwards }) {
  rmSync(reportFile, { force: true });
  const reports = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  say(`Node.js ${process.versions.node}`);
  const [program = '', ...all] = npmTool('vitest', 'run', ...reports, ...args);
  const child = spawn(program, all, {
    cwd: projectDir,
    // The very Node that runs us runs the tests, their workers and the applications they start, whatever else is installed.
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      ...env,
    },
    // Its workers and the applications they start are of its group, and end with it.
    ...{ detached: true, stdio: ['ignore', 'inherit', 'inherit'] },
  });
  afterwards(() => endGroup(child));
  return exitOf(child, program, signal);
}

function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

let lastLine = '';
await lastingUntilDone(async (lasting) => {
  const args = process.argv.slice(2);
  await needDependencies(lasting.signal);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  beAlone(lasting.afterwards);
  const stacks = [];
  for (let place = 0; place < stacksFor(args); place += 1)
    stacks.push(
      await ownStack(place === 0 ? stateDir : join(stateDir, `beside-${place}`), lasting.afterwards),
    );
  const env =
    stacks.length === 0 ? {} : { CLINIC_TEST_STACK: stacks[0], CLINIC_TEST_STACKS: stacks.join(delimiter) };
  const code = await runVitest(args, env, lasting);
  const found = tally(readReport(), code, process.env['CI'] === 'true');
  for (const test of found.unsteady) say(`passed at the second attempt only: ${test}`);
  for (const complaint of found.complaints) say(complaint);
  lastLine = found.line;
  return found.complaints.length === 0 ? 0 : 1;
});
// After everything is put away, so that it is the last one indeed.
if (lastLine !== '') process.stdout.write(`${lastLine}\n`);
