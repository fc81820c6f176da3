import { createServer } from 'node:net';
import { delimiter } from 'node:path';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, beforeEach } from 'vitest';
import { exchangeLives, startExchange } from './exchange-restart.ts';
import type { TestStack } from './stack.ts';

/**
 * Of the stacks that `npm test` has started, one that nobody else uses, as long as this process lives. Not by the number of the
 * worker: the one before may still be at work here, and two at one exchange take each other's calls.
 */
const stacks = (process.env['CLINIC_TEST_STACKS'] ?? '').split(delimiter);

/** Of the ten ports of a stack one that nothing else listens on; whoever does has the stack. */
const LOCK_ABOVE_SIP = 8;
/** Longer than any file of tests takes. */
const FREE_WITHIN_MS = 1_200_000;
const TELL_AFTER_MS = 10_000;

function isMineNow(stack: string): Promise<boolean> {
  const { sip } = JSON.parse(readFileSync(stack, 'utf8')) as TestStack;
  return new Promise((resolve, reject) => {
    const lock = createServer().unref();
    lock.once('listening', () => resolve(true));
    lock.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    lock.listen({ host: sip.trunk.host, port: sip.trunk.port + LOCK_ABOVE_SIP, exclusive: true });
  });
}

async function take(): Promise<string> {
  for (let waited = 0; waited < FREE_WITHIN_MS; waited += 100) {
    for (const stack of stacks) if (await isMineNow(stack)) return stack;
    if (waited === TELL_AFTER_MS)
      process.stderr.write('No stack is free: an earlier test file still has one\n');
    await pause(100);
  }
  throw new Error(`None of ${stacks.length} stacks became free: run npm test`);
}

const mine = await take();
process.env['CLINIC_TEST_STACK'] = mine;

/**
 * An exchange that has ended by itself would fail every test that is still to come. The one it ended in has failed; for the
 * next it is started again, as a supervisor does, and the application comes back to it.
 */
async function revive(): Promise<void> {
  if (exchangeLives()) return;
  process.stderr.write(`The exchange of ${mine} has ended by itself and is started again\n`);
  await startExchange();
}
beforeAll(revive);
beforeEach(revive);
