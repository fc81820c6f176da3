import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { createPool } from '../../src/platform/pool.ts';
import { projectPath } from '../../src/platform/root.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { leftInExchange } from '../support/leftovers.ts';
import { testStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';
import { configureAppQueue, installOtherSides, NUMBERS, type Side } from './handoff/app-queue.ts';
import { readCel, servedSince } from './handoff/cel.ts';
import { handoffGaps, type Gaps } from './handoff/gaps.ts';
import { overtakes } from './handoff/overtakes.ts';
import { readCapture, startCapture } from './support/capture.ts';
import { percentiles, rounded, table } from './support/figures.ts';
import {
  answeringExperts,
  callingCitizens,
  poissonArrivals,
  PORTS,
  onlineExperts,
  type Arrival,
} from './support/load.ts';
import { staffed } from './support/staff.ts';

/**
 * How long an expert stands idle while a citizen waits: from the expert's BYE to the next INVITE to that expert, read from packets.
 * Four sides in turn, on the same Asterisk, with the same telephones and callers in the same order.
 */

const EXPERTS = 20;
/** Enough for a thousand hand-offs. */
const CALLS = 1_400;
/**
 * More arrive than are served, so that somebody waits at nearly every BYE: twenty experts serve about 19 a second. app_queue by
 * default serves the head of the queue alone, between two and three a second: the same callers come to it as much more slowly,
 * else a thousand of them would wait and their music would be what is measured.
 */
const CALLS_PER_SECOND: Record<Side, number> = {
  ours: 21,
  bareAri: 21,
  appQueueBest: 21,
  appQueueDefault: 3,
};
const TALK = { ringMs: 50, talkMinMs: 600, talkMaxMs: 1_400 };
const SEED = 137;
/** From the answer to the place in the queue: a citizen keys a digit .2 s after the answer, which takes SIPp .3 s more. */
const SETTLE_MS = 1_500;
/** Of what counts as an overtake; app_queue's own are of hundreds of milliseconds. */
const TOLERANCE_MS = 20;

const SIDES: readonly Side[] = ['ours', 'bareAri', 'appQueueBest', 'appQueueDefault'];

interface Measured extends Gaps {
  overtakesPer1000: number;
}

export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const calls = Number(args[0] ?? CALLS);
  const sides = args[1] === undefined ? SIDES : (args[1].split(',') as Side[]);
  const clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0', LOG_LEVEL: 'info' } });
  const accounts = await staffed(clinic, EXPERTS, 'urban-planning');
  const answering = await onlineExperts(accounts, () => answeringExperts(TALK));
  const experts = accounts.map(({ username }) => username);
  await installOtherSides(experts);
  const file = join(testStack().asterisk.logDir, '..', '..', 'handoff.pcap');
  const capture = await startCapture(testStack().sip.trunk.port, file);
  const measured = new Map<Side, Measured>();
  let packets = 0;
  try {
    for (const side of sides) {
      const perSecond = CALLS_PER_SECOND[side];
      tell(`${side}: ${calls} callers, ${perSecond} a second …`);
      const arrivals = poissonArrivals(calls, perSecond, SEED);
      measured.set(side, await measure(side, { clinic, experts, arrivals, file }));
      tell(`${side}: ${summary(measured.get(side)!)}`);
    }
  } finally {
    await answering.stop();
    await clinic.close();
    ({ packets } = await capture.stop());
  }
  tell(report(measured));
  return result(measured, `${file} (${packets} packets)`);
}

interface Scene {
  clinic: Clinic;
  experts: readonly string[];
  arrivals: readonly Arrival[];
  file: string;
}

async function measure(side: Side, { clinic, experts, arrivals, file }: Scene): Promise<Measured> {
  const stop = await begin(side, clinic, experts);
  const since = Date.now();
  const { code, output } = await callingCitizens(NUMBERS[side], arrivals).ended;
  if (code !== 0)
    throw new Error(`Not every citizen of ${side} was served (${code}): ${output.slice(-3000)}`);
  await waitFor(async () => (await leftInExchange()).length === 0, 30_000);
  const messages = readCapture(file).filter(({ at }) => at >= since);
  const gaps = handoffGaps(messages, { citizens: PORTS.citizens, experts: PORTS.experts }, SETTLE_MS);
  const entered = side === 'ours' ? await places(clinic) : undefined;
  const served = servedSince(readCel(join(testStack().asterisk.logDir, 'cel.csv')), since, entered);
  if (served.length !== arrivals.length)
    throw new Error(
      `Asterisk tells of ${served.length} served citizens of ${side}, not of ${arrivals.length}`,
    );
  await stop();
  return { ...gaps, overtakesPer1000: rounded((overtakes(served, TOLERANCE_MS) * 1000) / served.length) };
}

/** Lets a side and no other have the calls. @returns what ends it */
async function begin(side: Side, clinic: Clinic, experts: readonly string[]): Promise<() => Promise<void>> {
  if (side === 'ours') {
    if (clinic.pid === 0) await clinic.start();
    return async () => void (await clinic.stop());
  }
  if (clinic.pid !== 0) await clinic.stop();
  if (side === 'bareAri') return startBareAri(experts);
  await configureAppQueue(side, experts);
  return () => Promise.resolve();
}

async function startBareAri(experts: readonly string[]): Promise<() => Promise<void>> {
  const { url, username, password } = testStack().ari;
  const child = spawn(process.execPath, [projectPath('tests', 'bench', 'handoff', 'bare-ari.mjs')], {
    env: { ARI_URL: url, ARI_USERNAME: username, ARI_PASSWORD: password, EXPERTS: experts.join(',') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  // ari-client prints things of its own before.
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => line === 'ready' && resolve());
    child.once('close', () => reject(new Error('The bare program ended')));
  });
  return async () => {
    child.kill();
    await once(child, 'close');
  };
}

/** When each citizen took a place in the queue, by the ledger: channel → milliseconds since the epoch. */
async function places(clinic: Clinic): Promise<Map<string, number>> {
  const pool = createPool(clinic.databaseUrl, pino({ level: 'silent' }), { max: 1 });
  try {
    const all = () =>
      pool.query<{ channel_id: string; queued_at: Date }>(
        'select channel_id, queued_at from calls where queued_at is not null and ended_at is not null',
      );
    await waitFor(async () => (await openCalls(clinic)) === 0, 30_000);
    return new Map((await all()).rows.map((row) => [row.channel_id, row.queued_at.getTime()]));
  } finally {
    await pool.end();
  }
}

async function openCalls(clinic: Clinic): Promise<number> {
  const metrics = await (await fetch(`${clinic.url}/metrics`)).text();
  return Number(/^clinic_outbox_depth (\d+)$/m.exec(metrics)?.[1] ?? NaN);
}

const summary = ({ gaps, unanswered, overtakesPer1000 }: Measured): string => {
  const { p50, p95, p99 } = percentiles(gaps);
  return `${gaps.length} hand-offs, p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, ${unanswered} without INVITE, ${overtakesPer1000} overtakes per 1,000`;
};

function report(measured: ReadonlyMap<Side, Measured>): string {
  const rows = [...measured].map(([side, one]) => {
    const { p50, p95, p99 } = percentiles(one.gaps);
    const most = rounded(Math.max(...one.gaps));
    return [side, one.gaps.length, p50, p95, p99, most, one.unanswered, one.overtakesPer1000];
  });
  return table(
    ['side', 'hand-offs', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'without INVITE', 'overtakes/1000'],
    rows,
  );
}

function result(measured: ReadonlyMap<Side, Measured>, capture: string): Record<string, unknown> {
  const of = (side: Side) => percentiles(measured.get(side)?.gaps ?? []);
  const ratio = (share: 'p50' | 'p99') => rounded(of('appQueueBest')[share] / of('ours')[share]);
  const overtaken = (side: Side) => measured.get(side)?.overtakesPer1000;
  return {
    handoffs: Object.fromEntries([...measured].map(([side, { gaps }]) => [side, gaps.length])),
    ...Object.fromEntries(SIDES.map((side) => [side, of(side)])),
    ratios: { p50: ratio('p50'), p99: ratio('p99') },
    overtakesPer1000: { ours: overtaken('ours'), appQueueBest: overtaken('appQueueBest') },
    withoutInvite: Object.fromEntries([...measured].map(([side, { unanswered }]) => [side, unanswered])),
    capture,
  };
}
