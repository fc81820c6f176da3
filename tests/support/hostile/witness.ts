import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ari, leftInExchange } from '../leftovers.ts';
import { testStack } from '../stack.ts';
import { waitFor } from '../wait.ts';

/** What Asterisk and the kernel say of an attack, apart from what the attacked application says of itself. */
export interface Witness {
  /** Faults found since the start; empty is good. */
  faults(): Promise<string[]>;
  /** Asterisk's resident memory now, and at the start. */
  memoryMb(): { before: number; now: number };
}

/** A call that nobody acknowledged is given up after 64 times T1 (RFC 3261 section 13.3.1.4); the menu says its last word. */
const TIDY_WITHIN_MS = 60_000;
/** Legs there may be: the trunk's, experts', and the exchange's own hand-over. Any other is a call outward. */
const OURS = /^(PJSIP\/(trunk-137|e[0-9]{3,})-|Local\/[a-z]+@clinic-handover-)/;

export async function witness(): Promise<Witness> {
  const pid = testStack().processes.asterisk ?? 0;
  const startedAt = await started();
  const celFrom = readCel().length;
  const before = residentMb(pid);

  async function faults(): Promise<string[]> {
    if ((await started()) !== startedAt) return ['Asterisk has started anew'];
    let left: string[] = [];
    const tidy = async () => (left = await leftInExchange()).length === 0;
    await waitFor(tidy, TIDY_WITHIN_MS, 100).catch(() => undefined);
    const strange = readCel()
      .slice(celFrom)
      .split('\n')
      .filter((line) => line.includes('CHAN_START'))
      .map(channelOf);
    return [
      ...left,
      ...strange.filter((name) => !OURS.test(name)).map((name) => `a leg nobody may make: ${name}`),
    ];
  }
  return { faults, memoryMb: () => ({ before, now: residentMb(pid) }) };
}

async function started(): Promise<string> {
  const info = await ari<{ status: { startup_time: string } }>('/asterisk/info');
  return info.status.startup_time;
}

const readCel = (): string => readFileSync(join(testStack().asterisk.logDir, 'cel.csv'), 'utf8');

/** eventtype, eventtime, uniqueid, linkedid, channame, … */
const channelOf = (line: string): string => (line.split(',')[4] ?? '').replaceAll('"', '');

function residentMb(pid: number): number {
  const found = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(found?.[1] ?? Number.NaN) / 1024);
}
