import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { startTimeOf } from '../../src/stack/processes.mjs';
import { up } from '../../src/stack/stack.mjs';
import { testStack } from './stack.ts';
import { waitFor } from './wait.ts';

const STOPS_WITHIN_MS = 20_000;

/** Ends the test stack's Asterisk in the middle of whatever it does. */
export async function killExchange(): Promise<void> {
  const pid = exchangePid();
  process.kill(pid, 'SIGKILL');
  await waitFor(() => startTimeOf(pid) === null, 20_000);
}

/** As `systemctl stop asterisk` does: it hangs up every call by itself, then ends; one that does not end is killed. */
export async function stopExchange(): Promise<void> {
  const pid = exchangePid();
  await command('core stop now');
  const ended = waitFor(() => startTimeOf(pid) === null, STOPS_WITHIN_MS);
  await ended.catch(killExchange);
}

/** Whether it runs. */
export const exchangeLives = (): boolean => startTimeOf(exchangePid()) !== null;

/** Starts it again: same configuration, same ports, same database. */
export async function startExchange(): Promise<void> {
  await up({ test: true, stateDir: dirname(process.env['CLINIC_TEST_STACK'] ?? '') });
}

function exchangePid(): number {
  const pid = testStack().processes.asterisk;
  if (pid === undefined) throw new Error('The stack does not say which process Asterisk is');
  return pid;
}

/** A line at Asterisk's own console; it is answered by what the console prints, which nobody reads here. */
function command(line: string): Promise<void> {
  const path = join(testStack().asterisk.logDir, '..', 'run', 'asterisk.ctl');
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${line}\0`, () => resolve()));
    socket.on('error', reject).resume();
  });
}
