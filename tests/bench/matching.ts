import { closeRedis } from '../../src/platform/redis.ts';
import { startMechanism, stage } from '../support/routing.ts';
import { lookOnce, type Caller, type Member } from './matching/scan.ts';
import { percentile, rounded, table } from './support/figures.ts';

/**
 * What it takes to match a freed expert with the next citizen, as the hall grows: our routing on the real Redis (one release with
 * the offer it leads to; one citizen who joins), beside the scan of all waiting × all members that app_queue makes every second.
 */

const WAITING = [50, 200, 500];
const EXPERTS = [20, 200, 2_000];
const ROUNDS = 300;
const SCANS = 30;
const SKILLS = ['urban-planning', 'transport', 'urban-services', 'finance'];

type Mechanism = Awaited<ReturnType<typeof startMechanism>>;

interface Cell {
  waiting: number;
  experts: number;
  /** A talk ends and the next citizen is offered: there and back, in milliseconds. */
  release: number[];
  enqueue: number[];
  /** Redis's own time for one such release, in microseconds. */
  releaseServerUs: number;
  /** One second's look of app_queue, in milliseconds. */
  scan: number[];
}

/** args: rounds. */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const rounds = Number(args[0] ?? ROUNDS);
  const mechanism = await startMechanism();
  const cells: Cell[] = [];
  try {
    for (const experts of EXPERTS)
      for (const waiting of WAITING) cells.push(await measure(mechanism, waiting, experts, rounds));
  } finally {
    await mechanism.redis.flushdb();
    await closeRedis(mechanism.redis);
  }
  tell(report(cells));
  return result(cells);
}

const skillsOf = (index: number): string[] => [SKILLS[index % 4]!, SKILLS[(index + 1) % 4]!];

async function measure(
  mechanism: Mechanism,
  waiting: number,
  experts: number,
  rounds: number,
): Promise<Cell> {
  const { redis, state, transitions } = mechanism;
  const { citizenJoins, expertReady } = stage(mechanism);
  await redis.flushdb();
  const talking: string[] = [];
  for (let i = 0; i < experts; i += 1) {
    await expertReady(`e${i}`, ...skillsOf(i));
    const [offer] = (await citizenJoins(`t${i}`, skillsOf(i)[0]!)).offers;
    await transitions.accept(state.now, offer!.offerId);
    talking.push(`t${i}`);
  }
  for (let i = 0; i < waiting; i += 1) await citizenJoins(`w${i}`, SKILLS[i % 4]!, state.now + i);
  const cell: Cell = { waiting, experts, release: [], enqueue: [], releaseServerUs: 0, scan: [] };
  let serverUs = 0;
  for (let round = 0; round < rounds; round += 1) {
    state.now += 1;
    const ended = talking.shift()!;
    await redis.config('RESETSTAT');
    const freed = await timed(cell.release, () => transitions.release(state.now, ended, 0));
    serverUs += await scriptTime(mechanism);
    for (const { offerId, callId } of freed.offers) {
      await transitions.accept(state.now, offerId);
      talking.push(callId);
    }
    if (freed.offers.length !== 1) throw new Error(`${freed.offers.length} offers for one freed expert`);
    // The hall stays as full as it was; the skill is that of the citizen who was taken.
    const skill = freed.offers[0]!.specialty;
    await timed(cell.enqueue, () => citizenJoins(`n${round}`, skill, state.now + waiting));
  }
  cell.releaseServerUs = serverUs / rounds;
  cell.scan = scans(waiting, experts);
  return cell;
}

async function timed<T>(into: number[], act: () => Promise<T>): Promise<T> {
  const since = performance.now();
  const result = await act();
  into.push(performance.now() - since);
  return result;
}

/** Microseconds Redis spent in the scripts since its counters were set back. */
async function scriptTime({ redis }: Mechanism): Promise<number> {
  const stats = await redis.info('commandstats');
  // The first call brings the script along (`eval`), the others name it.
  const times = [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=\d+,usec=(\d+)/gm)];
  return times.reduce((sum, [, usec]) => sum + Number(usec), 0);
}

/** All members at work but the one just freed, who serves a skill that the last caller alone waits for. */
function scans(waiting: number, experts: number): number[] {
  const members: Member[] = Array.from({ length: experts }, (_, i) => ({
    ...{ id: `e${i}`, free: i === experts - 1, idleSince: i },
    skills: new Set(skillsOf(i)),
  }));
  const callers: Caller[] = Array.from({ length: waiting }, (_, i) => ({
    id: `w${i}`,
    skill: SKILLS[i % 4]!,
  }));
  return Array.from({ length: SCANS }, () => {
    const since = performance.now();
    const matched = lookOnce(callers, members);
    const took = performance.now() - since;
    if (matched.length !== 1) throw new Error(`The scan matched ${matched.length}, not the one who is free`);
    return took;
  });
}

const figures = ({ waiting, experts, release, enqueue, releaseServerUs, scan }: Cell) => ({
  ...{ waiting, experts },
  releaseMs: { p50: at(release, 0.5), p99: at(release, 0.99) },
  enqueueMs: { p50: at(enqueue, 0.5), p99: at(enqueue, 0.99) },
  releaseServerUs: rounded(releaseServerUs),
  scanMs: { p50: at(scan, 0.5), p99: at(scan, 0.99) },
});

const at = (values: readonly number[], share: number): number => rounded(percentile(values, share));

function report(cells: readonly Cell[]): string {
  const head = [
    'waiting',
    'experts',
    'release+offer p50 ms',
    'p99',
    'in Redis µs',
    'enqueue p50 ms',
    'p99',
    'scan p50 ms',
  ];
  const rows = cells
    .map(figures)
    .map((one) => [
      ...[one.waiting, one.experts, one.releaseMs.p50, one.releaseMs.p99, one.releaseServerUs],
      ...[one.enqueueMs.p50, one.enqueueMs.p99, one.scanMs.p50],
    ]);
  return table(head, rows);
}

/** How many times as much the largest hall takes as the smallest. */
function result(cells: readonly Cell[]): Record<string, unknown> {
  const [small, large] = [figures(cells[0]!), figures(cells.at(-1)!)];
  return {
    cells: cells.map(figures),
    growth: {
      pairs: (large.waiting * large.experts) / (small.waiting * small.experts),
      ours: rounded(large.releaseMs.p50 / small.releaseMs.p50),
      oursInRedis: rounded(large.releaseServerUs / small.releaseServerUs),
      scan: rounded(large.scanMs.p50 / small.scanMs.p50),
    },
  };
}
