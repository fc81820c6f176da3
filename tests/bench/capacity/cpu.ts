import { readdirSync, readFileSync } from 'node:fs';

/** CPU time as the kernel counts it, in ticks of ten milliseconds. */

export interface ProcessTime {
  pid: number;
  parent: number;
  /** Own time and that of children which have ended and were waited for, in milliseconds. */
  ms: number;
}

/** USER_HZ is 100 on every architecture that Linux has in common use. */
const TICK_MS = 10;

/** A line of /proc/PID/stat; the program's name, in brackets, may hold anything. */
export function readStat(text: string): ProcessTime {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // state ppid … : utime, stime, cutime, cstime are the 14th to 17th of the whole line.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid: Number.parseInt(text, 10), parent: Number(fields[1]), ms: ticks * TICK_MS };
}

/** A process with all that descend from it: what a child had used when it ended stands with its parent then. */
export function treeTime(all: readonly ProcessTime[], root: number): number {
  const own = all.find(({ pid }) => pid === root)?.ms ?? 0;
  return all.filter(({ parent }) => parent === root).reduce((sum, { pid }) => sum + treeTime(all, pid), own);
}

export type Usage = Record<string, number>;

/** name → milliseconds used so far. roots: name → process id. */
export function usedSoFar(roots: Readonly<Record<string, number>>): Usage {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const text = statOf(pid);
      return text === null ? [] : [readStat(text)];
    });
  return Object.fromEntries(Object.entries(roots).map(([name, pid]) => [name, treeTime(all, pid)]));
}

/** Null for a process that has ended since the folder was read. */
function statOf(pid: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return null;
    throw error;
  }
}

export const difference = (after: Usage, before: Usage): Usage =>
  Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));

/** What a load cost per unit: idle (ms a second) taken off, with the sum as `total`. Never below nothing. */
export function perUnit(used: Usage, idle: Usage, seconds: number, units: number): Usage {
  const each = Object.entries(used).map(
    ([name, ms]) => [name, Math.max(0, ms - (idle[name] ?? 0) * seconds) / units] as const,
  );
  return { ...Object.fromEntries(each), total: each.reduce((sum, [, ms]) => sum + ms, 0) };
}
