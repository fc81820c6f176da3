/** `npm run seed -- --experts 20 [--open]`: accounts, specialties, experts and hours of the demo into the running stack. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needDependencies } from './dependencies.mjs';
import { lastingUntilDone } from './ending.mjs';
import { fault } from './fault.mjs';
import { projectDir, stateDirOf } from './paths.mjs';
import { status } from './stack.mjs';
import { lastWords, runTool } from './tools.mjs';

/**
 * @param {string} stateDir of a stack that is up
 * @param {readonly string[]} args as src/seed.ts takes them
 * @param {AbortSignal} signal
 * @returns {Promise<string>} what was made, one line of JSON
 * @throws fault stack-down, seed-failed
 */
export async function seed(stateDir, args, signal) {
  const stack = status({ stateDir });
  if (stack.processes.postgres === null || stack.env === undefined) {
    throw fault('stack-down', 'PostgreSQL of the local stack is not up: npm run stack -- up');
  }
  const command = [process.execPath, '--import', 'tsx', join(projectDir, 'src', 'seed.ts'), ...args];
  const env = { ...stack.env, CLINIC_SEED_ACCOUNTS: JSON.stringify(stack.accounts) };
  const ended = await runTool(command, { env, signal });
  if (ended.code !== 0) throw fault('seed-failed', lastWords(ended));
  return lastWords(ended);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await lastingUntilDone(async ({ signal }) => {
    await needDependencies(signal);
    process.stdout.write(`${await seed(stateDirOf(), process.argv.slice(2), signal)}\n`);
  });
}
