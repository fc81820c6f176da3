import { join } from 'node:path';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { leftInExchange } from '../support/leftovers.ts';
import { testStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';
import { configureAppQueue, installOtherSides, NUMBERS } from './handoff/app-queue.ts';
import { readCel } from './handoff/cel.ts';
import { readOffers, reoffers, type Reoffers } from './reoffer/offers.ts';
import { readCapture, startCapture } from './support/capture.ts';
import { percentiles, rounded, table } from './support/figures.ts';
import { expertLegs } from './support/legs.ts';
import {
  callingCitizens,
  poissonArrivals,
  PORTS,
  onlineExperts,
  unwillingExperts,
  type Arrival,
} from './support/load.ts';
import { staffed } from './support/staff.ts';

/**
 * What a citizen waits because an expert does not answer: from the end of the offer to one expert (the exchange's CANCEL, or the
 * telephone's 603, 486 or 480) to the INVITE to the next one, read from packets. app_queue beside ours, in the same Asterisk, with the
 * same arrivals and telephones.
 */

const EXPERTS = 100;
/** Half of all offers fail, so that there are as many re-offers as citizens. */
const CALLS = 600;
const CALLS_PER_SECOND = 8;
const TALK = { ringMs: 50, talkMinMs: 600, talkMaxMs: 1_400 };
const OF_100 = { unanswered: 20, declined: 10, busy: 10, away: 10 };
const SEED = 137;
/** The least our configuration takes; app_queue's `timeout` is the same. */
const RING_SECONDS = '3';
/** Our routing leaves an expert alone for five seconds after a miss; on both sides who does not count as idle. */
const REST_MS = 5_500;
/** Half of the offers fail: fifty in a row by chance do not happen, and nobody is paused. */
const MISSES_BEFORE_PAUSE = '50';
/**
 * rrmemory, not leastrecent as in the other benchmarks: only a talk counts as recent there, so that the telephone that has just not
 * been answered would be rung again.
 */
const APP_QUEUE = { strategy: 'rrmemory', timeout: RING_SECONDS, retry: '1', autofill: 'yes' };

type Side = 'ours' | 'appQueueBest';
const SIDES: readonly Side[] = ['ours', 'appQueueBest'];

interface Scene {
  clinic: Clinic;
  experts: readonly string[];
  arrivals: readonly Arrival[];
  file: string;
}

/** args: citizens per side, experts, sides. */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const calls = Number(args[0] ?? CALLS);
  const sides = (args[2]?.split(',') as Side[] | undefined) ?? SIDES;
  const env = { WRAP_UP_SECONDS: '0', RING_SECONDS, MISSES_BEFORE_PAUSE };
  const clinic = await startClinic({ env });
  const accounts = await staffed(clinic, Number(args[1] ?? EXPERTS), 'urban-planning');
  const telephones = await onlineExperts(accounts, () => unwillingExperts(TALK, OF_100));
  const experts = accounts.map(({ username }) => username);
  await installOtherSides(experts);
  const file = join(testStack().asterisk.logDir, '..', '..', 'reoffer.pcap');
  const capture = await startCapture(testStack().sip.trunk.port, file);
  const arrivals = poissonArrivals(calls, CALLS_PER_SECOND, SEED);
  const measured = new Map<Side, Reoffers>();
  let packets = 0;
  try {
    for (const side of sides) {
      tell(`${side}: ${calls} callers, ${CALLS_PER_SECOND} a second, every second offer comes to nothing …`);
      measured.set(side, await measure(side, { clinic, experts, arrivals, file }));
    }
  } finally {
    await telephones.stop();
    await clinic.close();
    ({ packets } = await capture.stop());
  }
  tell(report(measured));
  return result(measured, `${file} (${packets} packets)`);
}

async function measure(side: Side, { clinic, experts, arrivals, file }: Scene): Promise<Reoffers> {
  if (side === 'appQueueBest') {
    await clinic.stop();
    await configureAppQueue(side, experts, APP_QUEUE);
  }
  const since = Date.now();
  const { code, output } = await callingCitizens(NUMBERS[side], arrivals).ended;
  if (code !== 0)
    throw new Error(`Not every citizen of ${side} was served (${code}): ${output.slice(-3000)}`);
  await waitFor(async () => (await leftInExchange()).length === 0, 30_000);
  const recent = ({ at }: { at: number }) => at >= since;
  const messages = readCapture(file).filter(recent);
  const channels = readCel(join(testStack().asterisk.logDir, 'cel.csv')).filter(recent);
  const offers = readOffers(expertLegs(messages, channels, PORTS.experts), messages);
  return reoffers(offers, experts, REST_MS);
}

const all = ({ gaps }: Reoffers): number[] => [...gaps.cancelled, ...gaps.refused];

function report(measured: ReadonlyMap<Side, Reoffers>): string {
  const rows = [...measured].flatMap(([side, one]) =>
    (['cancelled', 'refused'] as const).map((end) => {
      const { p50, p95, p99 } = percentiles(one.gaps[end]);
      return [side, end, one.gaps[end].length, p50, p95, p99, one.nobodyIdle, one.unfollowed];
    }),
  );
  const head = ['side', 'offer', 're-offers', 'p50 ms', 'p95 ms', 'p99 ms', 'nobody idle', 'not offered on'];
  return table(head, rows);
}

function result(measured: ReadonlyMap<Side, Reoffers>, capture: string): Record<string, unknown> {
  const of = (side: Side) => {
    const one = measured.get(side);
    return percentiles(one === undefined ? [] : all(one));
  };
  const ratio = (share: 'p50' | 'p99') => rounded(of('appQueueBest')[share] / of('ours')[share]);
  const count = (of_: (one: Reoffers) => number) =>
    Object.fromEntries([...measured].map(([side, one]) => [side, of_(one)]));
  return {
    reoffers: count((one) => all(one).length),
    ours: of('ours'),
    appQueueBest: of('appQueueBest'),
    ratios: { p50: ratio('p50'), p99: ratio('p99') },
    nobodyIdle: count(({ nobodyIdle }) => nobodyIdle),
    notOfferedOn: count(({ unfollowed }) => unfollowed),
    capture,
  };
}
