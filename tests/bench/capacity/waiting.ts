import { setTimeout as pause } from 'node:timers/promises';
import { ari, leftInExchange } from '../../support/leftovers.ts';
import { waitFor } from '../../support/wait.ts';
import { hangUpAll } from '../support/control.ts';
import { callingCitizens, poissonArrivals } from '../support/load.ts';
import { difference, perUnit, usedSoFar, type Usage } from './cpu.ts';

/** What citizens cost who wait for an expert while none is ready. */

const PER_SECOND = 25;
/** Until the last has heard the place in the queue and listens to music. */
const SETTLE_MS = 8_000;
const SEED = 138;

/** What the processes use without any call, milliseconds a second. */
export async function idleUsage(processes: Record<string, number>, seconds: number): Promise<Usage> {
  const before = usedSoFar(processes);
  await pause(seconds * 1000);
  const used = difference(usedSoFar(processes), before);
  return Object.fromEntries(Object.entries(used).map(([name, ms]) => [name, ms / seconds]));
}

/** @returns name → CPU-milliseconds a waiting citizen and second */
export async function waitingUsage(
  number: string,
  count: number,
  seconds: number,
  processes: Record<string, number>,
  idle: Usage,
): Promise<Usage> {
  const citizens = callingCitizens(number, poissonArrivals(count, PER_SECOND, SEED));
  await waitFor(async () => (await ari<unknown[]>('/channels')).length >= count, 60_000, 500);
  await pause(SETTLE_MS);
  const before = usedSoFar(processes);
  await pause(seconds * 1000);
  const used = difference(usedSoFar(processes), before);
  const there = (await ari<unknown[]>('/channels')).length;
  if (there !== count) throw new Error(`${there} channels where ${count} citizens wait`);
  await hangUpAll();
  await citizens.ended;
  await waitFor(async () => (await leftInExchange()).length === 0, 30_000);
  return perUnit(used, idle, seconds, seconds * count);
}
