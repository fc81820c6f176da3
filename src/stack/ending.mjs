/** A command that starts things and leaves none behind, however it ends: by itself, by Ctrl-C, by a fault. */
import { fault, tellAndFail } from './fault.mjs';
import { watchParents } from './parents.mjs';
import { say } from './telling.mjs';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * @typedef {{
 *   signal: AbortSignal, afterwards: (undo: () => unknown) => void, fail: (error: unknown) => void,
 *   untilInterrupted: () => Promise<void>,
 * }} Lasting
 *   signal: aborted when the command is to end before its time. afterwards: done at the end, the last one first; to be
 *   said *before* what it undoes begins, so that an interruption in between is covered. fail: ends the command from
 *   what goes on beside it. untilInterrupted: Ctrl-C is the way this command ends well.
 */

/**
 * Runs a command to its end and sets the process's exit code.
 * @param {(lasting: Lasting) => Promise<number | void>} work resolves to the exit code, default 0
 */
export async function lastingUntilDone(work) {
  const ending = new AbortController();
  const undos = [];
  let interruptedBy = null;
  let rest = null;
  let isOver = false;
  const onSignal = (name) => {
    if (rest !== null && !ending.signal.aborted) return rest();
    if (ending.signal.aborted) return say('still stopping …');
    interruptedBy = name;
    ending.abort(fault('command-interrupted', `Interrupted (${name}).`));
  };
  const onFault = (error) => ending.abort(error);
  for (const name of SIGNALS) process.on(name, onSignal);
  process.on('uncaughtException', onFault);
  const unwatch = watchParents(() => onSignal('SIGTERM'));
  // Whoever read us is gone, e.g. `| head`, or the terminal: what runs must end with it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onFault);
  const aborted = new Promise((_, reject) =>
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason)),
  );
  try {
    const untilInterrupted = () => new Promise((resolve) => (rest = resolve));
    // What begins when it is over already is undone on the spot.
    const afterwards = (undo) => void (isOver ? attempt(undo) : undos.push(undo));
    const begun = work({ signal: ending.signal, afterwards, fail: onFault, untilInterrupted });
    process.exitCode = (await Promise.race([begun, aborted])) ?? 0;
  } catch (error) {
    tellAndFail(error);
    if (interruptedBy !== null) process.exitCode = EXIT_CODES[interruptedBy];
  }
  rest = null;
  isOver = true;
  unwatch();
  // Work that goes on behind our back must see that it is over.
  ending.abort(fault('command-over', 'The command has ended.'));
  aborted.catch(() => undefined);
  for (const undo of undos.reverse()) await attempt(undo);
  for (const name of SIGNALS) process.off(name, onSignal);
}

/** One that fails must not keep the others from being done. */
async function attempt(undo) {
  try {
    await undo();
  } catch (error) {
    tellAndFail(error);
  }
}
