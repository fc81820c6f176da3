import { join } from 'node:path';
import { leftInExchange } from '../../support/leftovers.ts';
import { testStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait.ts';
import { readCel } from '../handoff/cel.ts';
import { readCapture, startCapture } from '../support/capture.ts';
import { hangUpAll } from '../support/control.ts';
import { percentile, rounded } from '../support/figures.ts';
import { citizenLegs, expertLegs } from '../support/legs.ts';
import { callingCitizens, poissonArrivals, PORTS } from '../support/load.ts';
import { answers } from './answers.ts';
import { difference, usedSoFar, type Usage } from './cpu.ts';

/** Citizens at one rate for some seconds: whether all were served in time, and what it cost. */
export interface Step {
  rate: number;
  calls: number;
  holds: boolean;
  p50: number;
  p99: number;
  unserved: number;
  /** While citizens arrived: name → cores used. */
  cores: Usage;
  /** Until the last had gone: name → milliseconds, and how many seconds that was. */
  used: Usage;
  seconds: number;
}

const PROMISE_MS = 1_000;
/** A citizen is served and gone within seconds; who is not then will not be. */
const PATIENCE_MS = 30_000;
const SEED = 137;

/**
 * @param processes name → root process id
 * @param keyAfterMs from the ACK to the end of the citizen's key
 */
export async function step(
  number: string,
  rate: number,
  seconds: number,
  processes: Record<string, number>,
  keyAfterMs: number,
): Promise<Step> {
  const file = join(testStack().asterisk.logDir, '..', '..', 'capacity.pcap');
  const capture = await startCapture(testStack().sip.trunk.port, file);
  const arrivals = poissonArrivals(Math.round(rate * seconds), rate, SEED);
  const since = Date.now();
  const before = usedSoFar(processes);
  const citizens = callingCitizens(number, arrivals);
  const arrived = await pauseUnless(citizens.ended, seconds * 1000);
  const cores = perSecond(difference(usedSoFar(processes), before), arrived);
  const { code } = await endOf(citizens);
  await waitFor(async () => (await leftInExchange()).length === 0, PATIENCE_MS);
  const used = difference(usedSoFar(processes), before);
  const lasted = (Date.now() - since) / 1000;
  await capture.stop();
  const messages = readCapture(file);
  const channels = readCel(join(testStack().asterisk.logDir, 'cel.csv')).filter(({ at }) => at >= since);
  const served = answers(
    ...([
      citizenLegs(messages, channels, PORTS.citizens),
      expertLegs(messages, channels, PORTS.experts),
    ] as const),
    messages,
    keyAfterMs,
  );
  const { unserved, delays } = served;
  const p99 = percentile(delays, 0.99);
  return {
    ...{ rate, calls: arrivals.length, cores, used, seconds: lasted, unserved },
    ...{ p50: rounded(percentile(delays, 0.5)), p99: rounded(p99) },
    holds: code === 0 && unserved === 0 && delays.length === arrivals.length && p99 <= PROMISE_MS,
  };
}

/** Overloaded, some may be left for good: they are hung up on. */
async function endOf(citizens: ReturnType<typeof callingCitizens>): Promise<{ code: number | null }> {
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => (late = setTimeout(() => resolve(null), PATIENCE_MS)));
  const ended = await Promise.race([citizens.ended, tooLate]);
  clearTimeout(late);
  if (ended !== null) return ended;
  await hangUpAll();
  await citizens.stop();
  return { code: null };
}

/** @returns how many seconds it was */
async function pauseUnless(ended: Promise<unknown>, ms: number): Promise<number> {
  const since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
  return (performance.now() - since) / 1000;
}

const perSecond = (used: Usage, seconds: number): Usage =>
  Object.fromEntries(Object.entries(used).map(([name, ms]) => [name, rounded(ms / 1000 / seconds)]));
