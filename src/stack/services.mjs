/** PostgreSQL, Redis and Asterisk together: up, down, how they are. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { asteriskRecipe, prepareVoice, startAsterisk, stopAsterisk } from './asterisk.mjs';
import { fault } from './fault.mjs';
import { findHome, openHome } from './home.mjs';
import { withLock } from './lock.mjs';
import { needFree } from './ports.mjs';
import { startPostgres, stopPostgres } from './postgres.mjs';
import { readProcess, stop } from './processes.mjs';
import { say, step } from './progress.mjs';
import { startRedis, stopRedis } from './redis.mjs';
import { readSecrets } from './secrets.mjs';
import { needSystem } from './setup.mjs';
import { processesOf, readStack, writeProcesses, writeStack } from './stack-file.mjs';

/**
 * @typedef {import('./home.mjs').Home} Home
 * @typedef {import('./ports.mjs').Ports} Ports
 */

/** How long the application has for its orderly end, and then a little. */
const APP_SIGNALS = /** @type {[NodeJS.Signals, number][]} */ ([
  ['SIGTERM', 12_000],
  ['SIGKILL', 5_000],
]);

/**
 * Brings up what is not up yet, installing what is missing. A service that runs with other settings than the wanted
 * ones is started anew.
 * @param {string} dir the stack's folder
 * @param {Ports} ports
 * @param {{ forTests?: boolean }} [options]
 * @returns {Promise<{ home: Home, stack: NonNullable<ReturnType<typeof readStack>>, started: boolean }>} started: whether anything was not up before
 */
export async function stackUp(dir, ports, { forTests = false } = {}) {
  mkdirSync(dir, { recursive: true });
  const onWait = () => say('another command is at work on this stack: waiting for it');
  return withLock(`${dir}/up.lock`, () => bringUp(dir, ports, forTests), { onWait });
}

async function bringUp(dir, ports, forTests) {
  const home = openHome(dir);
  const asterisk = await needSystem(home);
  const secrets = readSecrets(home);
  const services = describeServices({ home, ports, secrets, asterisk, forTests });
  for (const { name, signature, end } of services) {
    const running = readProcess(home.record(name));
    if (running !== null && running.signature !== signature) {
      say(`${name} runs with other settings: starting it anew`);
      await end();
    }
  }
  const missing = services.filter(({ name }) => readProcess(home.record(name)) === null);
  for (const { portNames } of missing) await needFree(ports, portNames);
  writeStack(home, ports, secrets);
  try {
    // The exchange comes last: what it reads at its start, sounds and music, must be there.
    const [exchange, servers] = [
      missing.filter(isExchange),
      missing.filter((service) => !isExchange(service)),
    ];
    await allOf([speak(home), ...servers.map(({ label, begin }) => step(`starting ${label}`, begin))]);
    for (const { label, begin } of exchange) await step(`starting ${label}`, begin);
  } finally {
    writeStack(home, ports, secrets);
  }
  return { home, stack: requireStack(home), started: missing.length > 0 };
}

function describeServices({ home, ports, secrets, asterisk, forTests }) {
  const signed = (recipe) => createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
  const service = (name, label, portNames, recipe, begin, end) => {
    const signature = signed(recipe);
    return { name, label, portNames, signature, begin: () => begin(signature), end: () => end(home) };
  };
  return [
    service(
      'postgres',
      `PostgreSQL on port ${ports.postgres}`,
      ['postgres'],
      [ports.postgres, forTests],
      (signature) => startPostgres(home, ports.postgres, secrets, { forTests, signature }),
      stopPostgres,
    ),
    service(
      'redis',
      `Redis on port ${ports.redis}`,
      ['redis'],
      [ports.redis],
      (signature) => startRedis(home, ports.redis, { signature }),
      stopRedis,
    ),
    service(
      'asterisk',
      `Asterisk ${asterisk.version}, SIP on port ${ports.sip}`,
      ['sip', 'sipTls', 'asteriskHttp', 'ami'],
      asteriskRecipe(home, ports, secrets, asterisk),
      (signature) => startAsterisk(home, ports, secrets, { asterisk, signature }),
      stopAsterisk,
    ),
  ];
}

const isExchange = ({ name }) => name === 'asterisk';

const speak = (home) =>
  step('preparing the voice', (tell) => prepareVoice(home, (done, all) => tell(`${done} of ${all} phrases`)));

/** Waits for all, also when one fails: none of them is left half started behind our back. */
async function allOf(works) {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/**
 * Stops what runs of a stack, the application first.
 * @param {string} dir
 * @returns {Promise<string[]>} what was stopped
 */
export async function stackDown(dir) {
  const home = findHome(dir);
  if (home === null) return [];
  return withLock(`${dir}/up.lock`, async () => {
    const ends = [
      ['the application', () => stop(home.record('app'), APP_SIGNALS)],
      ['Asterisk', () => stopAsterisk(home)],
      ['Redis', () => stopRedis(home)],
      ['PostgreSQL', () => stopPostgres(home)],
    ];
    const stopped = [];
    for (const [name, end] of /** @type {[string, () => Promise<boolean>][]} */ (ends)) {
      if (await end()) stopped.push(name);
    }
    writeProcesses(home);
    return stopped;
  });
}

/** Removes a stack that is down, with all it kept. @param {string} dir */
export function removeStack(dir) {
  const home = findHome(dir);
  if (home === null) return;
  if (home.outside) rmSync(home.servers, { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
}

/**
 * @param {string} dir
 * @returns {{ home: Home, stack: NonNullable<ReturnType<typeof readStack>>, isUp: boolean } | null} null where there is no stack
 */
export function stackStatus(dir) {
  const home = findHome(dir);
  const stack = home === null ? null : readStack(home);
  if (home === null || stack === null) return null;
  const processes = processesOf(home);
  const isUp = processes.asterisk !== null && processes.postgres !== null && processes.redis !== null;
  return { home, stack: { ...stack, processes }, isUp };
}

function requireStack(home) {
  const stack = readStack(home);
  if (stack === null) throw fault('stack-unknown', `${home.file('stack.json')} is gone.`);
  return stack;
}
