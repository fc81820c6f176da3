import { fileURLToPath } from 'node:url';
import { createPool } from '../../src/platform/pool.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { silentLog } from '../support/silent-log.ts';
import { chart, growth, type Sample } from './endurance/growth.ts';
import { NUMBERS } from './handoff/app-queue.ts';
import { rounded, table } from './support/figures.ts';
import { answeringExperts, callingCitizens, onlineExperts, poissonArrivals } from './support/load.ts';
import { program } from './support/program.ts';
import { staffed } from './support/staff.ts';

/**
 * Whether a process that has led ten thousand calls holds any more than one that has led a thousand: heap, emitters, abort
 * signals and handles, each time after a full garbage collection and with no call up. Talks are short, nothing else is.
 */

const CALLS = 10_000;
const ROUND = 1_000;
const RATE = 20;
const EXPERTS = 80;
const TALK = { ringMs: 50, talkMinMs: 600, talkMaxMs: 1_400 };
const PROBE = fileURLToPath(new URL('./endurance/probe.mjs', import.meta.url));
/** Ids of calls that are over are remembered on purpose, ten thousand of them: some hundred bytes each. */
const MOST_BYTES_PER_CALL = 500;
const MOST_OBJECTS_PER_CALL = 0.01;

export const passes = ({ holds }: Record<string, unknown>): boolean => holds === true;

/** args: calls (default 10,000), calls a second (default 20). */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const calls = Number(args[0] ?? CALLS);
  const rate = Number(args[1] ?? RATE);
  if (program === undefined) throw new Error('Run npm run build first: sources hold their compiler as well');
  const clinic = await startClinic({
    env: { WRAP_UP_SECONDS: '0' },
    program: ['--expose-gc', '--import', PROBE, ...program],
  });
  const telephones = await onlineExperts(await staffed(clinic, EXPERTS, 'urban-planning'), () =>
    answeringExperts(TALK),
  );
  const samples: Sample[] = [];
  try {
    for (let led = 0; led < calls; led += ROUND) {
      await lead(Math.min(ROUND, calls - led), rate, led);
      await expectNothingLeft(clinic);
      samples.push(await sample(clinic, Math.min(calls, led + ROUND)));
      tell(JSON.stringify(samples.at(-1)));
    }
    await telephones.stop();
    return report(samples, await endings(clinic), tell);
  } finally {
    await telephones.stop();
    await clinic.close();
  }
}

/** All ring within the round, each has its talk, and the last has been hung up on. */
async function lead(count: number, rate: number, seed: number): Promise<void> {
  const { code, output } = await callingCitizens(NUMBERS.ours, poissonArrivals(count, rate, seed)).ended;
  if (code !== 0) throw new Error(`Not every citizen was served:\n${output.slice(-2000)}`);
}

async function sample(clinic: Clinic, calls: number): Promise<Sample> {
  const seen = clinic.lines.length;
  process.kill(clinic.pid, 'SIGWINCH');
  const line = await clinic.logged('bench.holds', (one) => clinic.lines.indexOf(one) >= seen);
  const of = (name: string) => Number(line[name]);
  return {
    calls,
    ...{ heapBytes: of('heapBytes'), rssBytes: of('rssBytes'), emitters: of('emitters') },
    ...{ signals: of('signals'), resources: of('resources') },
  };
}

async function endings(clinic: Clinic): Promise<Record<string, number>> {
  const pool = createPool(clinic.databaseUrl, silentLog);
  try {
    const { rows } = await pool.query<{ ending: string; calls: number }>(
      "select coalesce(ending, 'none') as ending, count(*)::integer as calls from calls group by 1",
    );
    return Object.fromEntries(rows.map(({ ending, calls }) => [ending, calls]));
  } finally {
    await pool.end();
  }
}

function report(
  samples: readonly Sample[],
  ended: Record<string, number>,
  tell: (line: string) => void,
): Record<string, unknown> {
  const head = ['calls', 'heap MB', 'RSS MB', 'emitters', 'abort signals', 'handles'];
  const rows = samples.map(({ calls, heapBytes, rssBytes, emitters, signals, resources }) => [
    ...[calls, rounded(heapBytes / 1e6), rounded(rssBytes / 1e6), emitters, signals, resources],
  ]);
  tell(`${table(head, rows)}\n\n${chart(samples)}`);
  // The first round fills caches and pools.
  const settled = samples.length > 2 ? samples.slice(1) : samples;
  const perCall = {
    heapBytes: growth(settled, ({ heapBytes }) => heapBytes),
    emitters: growth(settled, ({ emitters }) => emitters),
    signals: growth(settled, ({ signals }) => signals),
    handles: growth(settled, ({ resources }) => resources),
  };
  const { heapBytes, ...objects } = perCall;
  const holds =
    heapBytes <= MOST_BYTES_PER_CALL &&
    Object.values(objects).every((count) => count <= MOST_OBJECTS_PER_CALL);
  return {
    ...{ calls: samples.at(-1)?.calls ?? 0, endings: ended, holds },
    perCall: Object.fromEntries(Object.entries(perCall).map(([name, value]) => [name, rounded(value)])),
  };
}
