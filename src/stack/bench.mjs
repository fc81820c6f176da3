/** `npm run bench -- NAME [ARGUMENTS]`: a benchmark of tests/bench, on a stack of its own beside a running demo. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { needDependencies } from './dependencies.mjs';
import { lastingUntilDone } from './ending.mjs';
import { fault } from './fault.mjs';
import { BENCH_PACKAGES, ensurePackages } from './packages.mjs';
import { layoutOf, projectDir, stateDirOf } from './paths.mjs';
import { record, running } from './processes.mjs';
import { down, up } from './stack.mjs';
import { say } from './telling.mjs';
import { npmTool, runTool } from './tools.mjs';

const BENCHES = join(projectDir, 'tests', 'bench');
const stateDir = join(stateDirOf(), 'bench');
const { pids, stackFile, logs } = layoutOf(stateDir);
const resultFile = join(stateDir, 'result.json');

/**
 * Many callers wait at once here, each with RTP ports of its own, so the range is wider than that of a stack for tests. Below
 * the ports the kernel gives away by itself, and clear of the demo's and of the tests'.
 */
const PORTS = {
  ...{
    sip: 12200,
    sipTls: 12201,
    asteriskHttp: 12202,
    ami: 12203,
    web: 12204,
    postgres: 12205,
    redis: 12206,
  },
  ...{ callback: 12209, rtpStart: 14000, rtpEnd: 19999 },
};

const names = () =>
  readdirSync(BENCHES)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length));

function usage(name) {
  const unknown = name === undefined ? '' : `There is no benchmark "${name}".\n`;
  process.stderr.write(
    `${unknown}Usage: npm run bench -- NAME. Benchmarks there are: ${names().join(', ')}.\n`,
  );
  process.exitCode = 2;
}

async function run(name, args) {
  let lastLine = '';
  await lastingUntilDone(async ({ signal, afterwards }) => {
    await needDependencies(signal);
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const mine = join(pids, 'bench-run.json');
    const other = running(mine);
    if (other !== null) throw fault('bench-running', `A benchmark runs here already (process ${other.pid}).`);
    record(mine, process.pid, 'bench');
    afterwards(() => rmSync(mine, { force: true }));
    await ensurePackages(BENCH_PACKAGES, { log: say, logDir: logs });
    afterwards(() => down({ stateDir, log: say }));
    // Left over from a run that was killed: it begins afresh.
    await down({ stateDir, log: say });
    await up({ test: true, synced: true, stateDir, ports: PORTS, log: say });
    rmSync(resultFile, { force: true });
    const main = join(BENCHES, 'support', 'main.ts');
    const { code } = await runTool(npmTool('tsx', main, name, resultFile, ...args), {
      ...{ signal, onLine: (line) => process.stdout.write(`${line}\n`) },
      env: { CLINIC_TEST_STACK: stackFile, NODE_ENV: 'production' },
    });
    // Figures that a benchmark does not let pass are figures too: they are what has to be looked into.
    if (existsSync(resultFile)) lastLine = readFileSync(resultFile, 'utf8');
    return code;
  });
  // After everything is put away, so that it is the last one indeed.
  if (lastLine !== '') process.stdout.write(`${lastLine}\n`);
}

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names().includes(name)) usage(name);
else await run(name, args);
