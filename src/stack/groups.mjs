/** Groups of processes: a program we started as the leader of its own group, and all that it started. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const ORDERLY_WITHIN_MS = 12_000;
const KILLED_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 30;

/**
 * Ends the whole group: as Ctrl-C would, then at once. Returns when nobody of it is left.
 * @param {import('node:child_process').ChildProcess} leader started with `detached: true`
 */
export async function endGroup({ pid }) {
  if (pid === undefined) return;
  for (const [signal, withinMs] of /** @type {const} */ ([
    ['SIGINT', ORDERLY_WITHIN_MS],
    ['SIGKILL', KILLED_WITHIN_MS],
  ])) {
    if (!tell(pid, signal)) return;
    // Nobody is told when a group is empty, so it is looked at.
    for (let waited = 0; waited < withinMs && !isEmpty(pid); waited += LOOK_EVERY_MS)
      await pause(LOOK_EVERY_MS);
  }
}

/** A group keeps its number as long as one process is in it, so the number cannot mean another one. */
function tell(group, signal) {
  if (isEmpty(group)) return false;
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Those who have ended and are only waiting to be collected do not count. */
const isEmpty = (group) => !readdirSync('/proc').some((name) => /^[0-9]+$/.test(name) && isOf(group, name));

function isOf(group, pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(itsGroup) === group && state !== 'Z' && state !== 'X';
  } catch (error) {
    // Ended between the list and the look.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return false;
    throw error;
  }
}
