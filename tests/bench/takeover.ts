import { startClinic, type Clinic } from '../support/clinic.ts';
import { fillHouse, hireStaff } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones } from '../support/phones.ts';
import { queues } from '../support/scenes.ts';
import { percentiles, table, type Percentiles } from './support/figures.ts';
import { compiledProgram, program } from './support/program.ts';

/**
 * How long nobody is in control after the process that has the exchange was killed with calls in every state: from the
 * kill to the moment at which its successor has taken every call up (`calls.reconciled`). By the same process started
 * again at once, as a supervisor does, and by one that stands by.
 */

const ROUNDS = 20;
const WAITING_MORE = 17;
const TIMES = { RING_SECONDS: '120', WRAP_UP_SECONDS: '3600', POSITION_REPEAT_SECONDS: '600' };
const TAKES_WITHIN_MS = 30_000;

const start = (env: Record<string, string>, open: boolean): Promise<Clinic> =>
  startClinic({ env: { ...TIMES, ...env }, open, ...compiledProgram });

/** Milliseconds until `next` has the calls, from the kill of `owner`. */
async function kill(owner: Clinic, next: Clinic, revive: () => Promise<void>): Promise<number> {
  const seen = next.lines.length;
  const began = performance.now();
  await owner.kill();
  const revived = revive();
  await next.logged('calls.reconciled', (line) => next.lines.indexOf(line) >= seen, TAKES_WITHIN_MS);
  const ms = performance.now() - began;
  await revived;
  return ms;
}

async function byRestart(clinic: Clinic, rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    times.push(await kill(clinic, clinic, () => clinic.start()));
  return times;
}

/** The two change places with every round: who was killed stands by next. */
async function byStandby(first: Clinic, rounds: number): Promise<{ times: number[]; last: Clinic }> {
  const env = { DATABASE_URL: first.databaseUrl, REDIS_URL: first.redisUrl, CLINIC_STANDBY: 'true' };
  const begun = await start(env, false);
  let [owner, next] = [first, begun];
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await next.logged('standby.waiting');
    times.push(await kill(owner, next, () => Promise.resolve()));
    // `first` is no standby by its environment: it would take over at once.
    await owner.close();
    [owner, next] = [next, await start(env, false)];
  }
  await next.close();
  return { times, last: owner };
}

/** args: rounds of each way (default 20). @returns milliseconds without control, and how many calls were taken up */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const rounds = Number(args[0] ?? ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error('Usage: npm run bench -- takeover [ROUNDS], a whole number from 1');
  const clinic = await start({}, true);
  await fillHouse(clinic, await hireStaff(clinic));
  for (let more = 0; more < WAITING_MORE; more += 1)
    await queues(clinic, { digit: '2', from: `0912100${String(1000 + more)}` });
  const restart = await byRestart(clinic, rounds);
  const { times: standby, last } = await byStandby(clinic, rounds);
  const { takenUp } = await last.logged('calls.reconciled');
  await closePhones();
  await expectNothingLeft(last);
  await last.close();
  const ways: [string, Percentiles][] = [
    ['restart', percentiles(restart)],
    ['standby', percentiles(standby)],
  ];
  tell(
    `milliseconds without control, ${rounds} kills each, ${program === undefined ? 'sources' : 'compiled'}`,
  );
  tell(
    table(
      ['by', 'p50', 'p95', 'p99'],
      ways.map(([way, { p50, p95, p99 }]) => [way, p50, p95, p99]),
    ),
  );
  return { rounds, takenUp, ...Object.fromEntries(ways) };
}
