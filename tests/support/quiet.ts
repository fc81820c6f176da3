import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Clinic } from './clinic.ts';

/** USER_HZ, which Linux tells every program as 100. */
const TICKS_PER_SECOND = 100;
/** What a handful of calls says and costs is far below; a loop that spins or complains at every turn far above. */
const MOST_LINES_PER_SECOND = 20;
const LARGEST_CPU_SHARE = 0.6;

/**
 * Watches that the application neither spins nor floods its log from now on.
 * @returns to be called at the end
 */
export function staysQuiet(clinic: Clinic): () => void {
  const began = performance.now();
  const [lines, cpu] = [clinic.lines.length, cpuSeconds(clinic.pid)];
  return () => {
    const seconds = (performance.now() - began) / 1000;
    expect((clinic.lines.length - lines) / seconds, 'lines a second').toBeLessThan(MOST_LINES_PER_SECOND);
    expect((cpuSeconds(clinic.pid) - cpu) / seconds, 'share of a core').toBeLessThan(LARGEST_CPU_SHARE);
  };
}

function cpuSeconds(pid: number): number {
  // The name, in parentheses, may hold spaces; user and system time are the 12th and 13th field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
