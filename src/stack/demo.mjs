/**
 * `npm run demo`: everything is set up and started, twenty experts register, eight citizens call, and the system stays up
 * until Ctrl-C. With `-- --once` it ends after the calls; the last line is then JSON.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signIn } from './api-client.mjs';
import { buildApp, makeWay, startApp } from './app.mjs';
import { accountFor, describeAccount, isAccounted, summary } from './demo-records.mjs';
import { answerCallbacks } from './demo-called.mjs';
import { letThemCall } from './demo-callers.mjs';
import { createTeller } from './demo-events.mjs';
import { EXPERTS, seatExperts } from './demo-experts.mjs';
import { needDependencies } from './dependencies.mjs';
import { lastingUntilDone } from './ending.mjs';
import { fault } from './fault.mjs';
import { layoutOf, stateDirOf } from './paths.mjs';
import { record, running } from './processes.mjs';
import { seed } from './seed.mjs';
import { down, readStack, status, up } from './stack.mjs';
import { say, step } from './telling.mjs';

/** The contract's: at most five seconds in the demo. */
const WRAP_UP_SECONDS = '5';
/** Whoever gives up waiting is called back soon, so that somebody sees it. */
const CALLBACK_ABANDONED_MINUTES = '1';
const stateDir = stateDirOf();

function readOptions() {
  try {
    return parseArgs({ options: { once: { type: 'boolean', default: false } } }).values;
  } catch (error) {
    throw fault('usage-unknown', `${error.message.split('.')[0]}. Usage: npm run demo [-- --once]`, error);
  }
}

/** Two demos would be the same experts twice. */
function beAlone(afterwards) {
  const mine = join(layoutOf(stateDir).pids, 'demo.json');
  const other = running(mine);
  if (other !== null) throw fault('demo-running', `A demo runs here already (process ${other.pid}).`);
  record(mine, process.pid, 'demo');
  afterwards(() => rmSync(mine, { force: true }));
}

/** A stack that was there before is used, and left as it was. */
async function startStack(afterwards) {
  if (status({ stateDir }).up) say('the stack is up already and will stay up');
  else {
    // What is half started is stopped only when the start has come to its end.
    let settled = Promise.resolve();
    afterwards(async () => {
      await settled;
      await down({ stateDir, log: say });
    });
    const starting = up({ stateDir, log: say });
    settled = starting.then(
      () => undefined,
      () => undefined,
    );
    await starting;
    return;
  }
  await up({ stateDir, log: say });
}

async function setUp({ signal, afterwards }) {
  await makeWay(stateDir);
  await needDependencies(signal);
  const parts = await Promise.allSettled([startStack(afterwards), buildApp(signal)]);
  for (const part of parts) if (part.status === 'rejected') throw part.reason;
  signal.throwIfAborted();
  // Before the application starts, so that it knows its experts from the beginning.
  await step(`seeding four specialties and ${EXPERTS} experts`, () =>
    seed(stateDir, ['--experts', String(EXPERTS), '--open'], signal),
  );
}

async function holdCalls(api, { sip }, teller, signal) {
  const since = new Date(Date.now() - 1_000);
  const callers = await letThemCall(sip.trunk, teller.dialled, signal);
  say('the callers have hung up; their records:');
  const accounts = await accountFor(api, callers, since, signal);
  for (const account of accounts) say(describeAccount(account));
  return accounts;
}

function showPlaces({ web, accounts, sip }) {
  const lines = [
    '',
    `  API and its documentation  ${web.url}/api/docs`,
    `  alive · ready · figures    ${web.url}/healthz · ${web.url}/readyz · ${web.url}/metrics`,
    `  SIP for softphones         ${sip.trunk.host}:${sip.trunk.port}`,
    '  accounts (POST /api/v1/session):',
    ...Object.entries(accounts).map(
      ([role, { username, password }]) => `    ${role.padEnd(11)} ${username.padEnd(11)} ${password}`,
    ),
    `  everything else            ${layoutOf(stateDir).stackFile}`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

let lastLine = '';
await lastingUntilDone(async (lasting) => {
  const { once } = readOptions();
  const { signal, afterwards, untilInterrupted } = lasting;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  beAlone(afterwards);
  await setUp(lasting);
  const teller = createTeller();
  const stack = readStack(stateDir);
  const env = { WRAP_UP_SECONDS, CALLBACK_ABANDONED_MINUTES, CALLBACK_TRUNK: stack.sip.callbackTrunk };
  await startApp({ stateDir, env, onLine: teller.tell, lasting });
  await answerCallbacks(stack.sip, lasting);
  const api = await signIn(stack.web.url, stack.accounts.supervisor);
  await step(`registering ${EXPERTS} experts, each ready by *45`, () => seatExperts(api, lasting));
  const accounts = await holdCalls(api, stack, teller, signal);
  const missing = accounts.filter((account) => !isAccounted(account));
  if (missing.length > 0)
    say(`calls not accounted for: ${missing.map(({ caller }) => caller.number).join(', ')}`);
  if (once) {
    lastLine = JSON.stringify(summary(accounts));
    return missing.length === 0 ? 0 : 1;
  }
  showPlaces(stack);
  say('the clinic is open; Ctrl-C stops everything');
  await untilInterrupted();
  say('stopping …');
  return 0;
});
if (lastLine !== '') process.stdout.write(`${lastLine}\n`);
