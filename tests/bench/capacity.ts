import { startClinic, type Clinic } from '../support/clinic.ts';
import { setPresence } from '../support/phones.ts';
import { testStack } from '../support/stack.ts';
import { writeMenu, MENU_NUMBER } from './capacity/app-queue-menu.ts';
import { perUnit, type Usage } from './capacity/cpu.ts';
import { keyEndsAfter } from './capacity/key.ts';
import { highest, nextRate } from './capacity/search.ts';
import { step, type Step } from './capacity/step.ts';
import { idleUsage, waitingUsage } from './capacity/waiting.ts';
import { configureAppQueue, installOtherSides, NUMBERS } from './handoff/app-queue.ts';
import { rounded, table } from './support/figures.ts';
import { answeringExperts, onlineExperts } from './support/load.ts';
import { staffed } from './support/staff.ts';

/**
 * How many calls a second go through menu, queue and talk while 99 of 100 citizens have an expert called within a second of their
 * key, and what a call and a waiting citizen cost in CPU time; app_queue with a menu of as many words beside it. When a key is
 * over is timed on one call first. SIPp and tcpdump run on the same machine and are not counted.
 */

const EXPERTS = 120;
const TALK = { ringMs: 50, talkMinMs: 600, talkMaxMs: 1_400 };
const STEP_SECONDS = 10;
/** The first is the moderate rate at which the cost of a call is taken. */
const SEARCH = { first: 10, factor: 1.6, most: 100, closeEnough: 1.2 };
const IDLE_SECONDS = 5;
const WAIT_SECONDS = 10;
const WAITING = [100, 300];

type Side = 'ours' | 'appQueueBest';
const SIDES: readonly Side[] = ['ours', 'appQueueBest'];
const DIALLED: Record<Side, string> = { ours: NUMBERS.ours, appQueueBest: MENU_NUMBER };

interface Measured {
  steps: Step[];
  perCall: Usage;
  /** Citizens waiting → cost of one for a second. */
  perWaitingSecond: Map<number, Usage>;
}

interface Options {
  seconds: number;
  waiting: readonly number[];
  search: typeof SEARCH;
}

interface Scene {
  clinic: Clinic;
  experts: readonly string[];
  ids: readonly string[];
  keyAfterMs: number;
}

/** args: seconds a step, citizens waiting (comma-separated; `none`), highest rate tried, sides. */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const waiting = args[1] === 'none' ? [] : (args[1]?.split(',').map(Number) ?? WAITING);
  const search = { ...SEARCH, most: Number(args[2] ?? SEARCH.most) };
  const options = { seconds: Number(args[0] ?? STEP_SECONDS), waiting, search };
  const sides = (args[3]?.split(',') as Side[] | undefined) ?? SIDES;
  const clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
  const accounts = await staffed(clinic, EXPERTS, 'urban-planning');
  const telephones = await onlineExperts(accounts, () => answeringExperts(TALK));
  const experts = accounts.map(({ username }) => username);
  writeMenu();
  await installOtherSides(experts);
  const measured = new Map<Side, Measured>();
  try {
    const keyAfterMs = await keyEndsAfter(NUMBERS.ours);
    tell(`A citizen's key is over ${rounded(keyAfterMs)} ms after the ACK`);
    const scene = { clinic, experts, keyAfterMs, ids: await expertIds(clinic) };
    for (const side of sides) measured.set(side, await measure(side, scene, options, tell));
  } finally {
    await telephones.stop();
    await clinic.close();
  }
  tell(report(measured));
  return result(measured);
}

async function measure(
  side: Side,
  scene: Scene,
  { seconds, waiting, search }: Options,
  tell: (line: string) => void,
): Promise<Measured> {
  if (side === 'appQueueBest') {
    await scene.clinic.stop();
    await configureAppQueue(side, scene.experts);
  }
  const processes = processesOf(side, scene.clinic);
  const idle = await idleUsage(processes, IDLE_SECONDS);
  const steps: Step[] = [];
  for (let rate = nextRate(steps, search); rate !== null; rate = nextRate(steps, search)) {
    const one = await step(DIALLED[side], rate, seconds, processes, scene.keyAfterMs);
    tell(`${side}: ${rate}/s ${one.holds ? 'holds' : 'does not hold'}, p99 ${one.p99} ms`);
    steps.push(one);
  }
  const [first] = steps;
  const perCall = perUnit(first!.used, idle, first!.seconds, first!.calls);
  const perWaitingSecond = new Map<number, Usage>();
  if (waiting.length > 0) await nobodyReady(side, scene);
  for (const count of waiting) {
    perWaitingSecond.set(count, await waitingUsage(DIALLED[side], count, WAIT_SECONDS, processes, idle));
    tell(`${side}: ${count} citizens waited`);
  }
  return { steps, perCall, perWaitingSecond };
}

function processesOf(side: Side, clinic: Clinic): Record<string, number> {
  const { asterisk = 0, redis = 0, postgres = 0 } = testStack().processes;
  return side === 'ours' ? { asterisk, node: clinic.pid, redis, postgres } : { asterisk };
}

/** All are at work and paused: so every citizen waits, and every look over the members is a look in vain. */
async function nobodyReady(side: Side, { clinic, experts, ids }: Scene): Promise<void> {
  if (side === 'ours') {
    for (const id of ids) await setPresence(clinic, id, 'paused');
    return;
  }
  // A member who is there already stays as ready as before, whatever is read anew.
  await configureAppQueue(side, []);
  // Fields of a member: penalty, name, state interface, ring in use, wrap-up, paused.
  await configureAppQueue(
    side,
    experts.map((expert) => `${expert},0,,,,,yes`),
  );
}

async function expertIds(clinic: Clinic): Promise<string[]> {
  const { body } = await clinic.api<{ items: { id: string }[] }>('/experts?limit=200');
  return body.items.map(({ id }) => id);
}

const best = ({ steps }: Measured): Step | undefined =>
  steps.find(({ rate, holds }) => holds && rate === highest(steps));

function report(measured: ReadonlyMap<Side, Measured>): string {
  const steps = [...measured].flatMap(([side, { steps: all }]) =>
    all.map((one) => [
      ...[side, one.rate, one.calls, one.p50, one.p99, one.unserved, one.holds ? 'yes' : 'no'],
      Object.entries(one.cores)
        .map(([name, cores]) => `${name} ${cores}`)
        .join(', '),
    ]),
  );
  const names = ['asterisk', 'node', 'redis', 'postgres', 'total'];
  const cells = (usage: Usage) => names.map((name) => (name in usage ? rounded(usage[name]!) : '–'));
  const costs = [...measured].flatMap(([side, { perCall, perWaitingSecond }]) => [
    [`${side}, a call`, ...cells(perCall)],
    ...[...perWaitingSecond].map(([count, usage]) => [
      `${side}, a second of ${count} waiting`,
      ...cells(usage),
    ]),
  ]);
  const head = ['side', 'calls/s', 'calls', 'p50 ms', 'p99 ms', 'unserved', 'holds', 'cores'];
  return `${table(head, steps)}\n\n${table(['CPU-milliseconds', ...names], costs)}`;
}

const roundedAll = (usage: Usage): Usage =>
  Object.fromEntries(Object.entries(usage).map(([name, ms]) => [name, rounded(ms)]));

function result(measured: ReadonlyMap<Side, Measured>): Record<string, unknown> {
  const bySide = (of: (one: Measured) => unknown) =>
    Object.fromEntries([...measured].map(([side, one]) => [side, of(one)]));
  const busiest = Object.entries(
    measured.get('ours') ? (best(measured.get('ours')!)?.cores ?? {}) : {},
  ).toSorted(([, a], [, b]) => b - a)[0];
  return {
    callersPerSecond: bySide(({ steps }) => highest(steps)),
    cpuMsPerCall: bySide(({ perCall }) => roundedAll(perCall)),
    cpuMsPerWaitingSecond: bySide(({ perWaitingSecond }) =>
      Object.fromEntries([...perWaitingSecond].map(([count, usage]) => [count, roundedAll(usage)])),
    ),
    bottleneck: busiest === undefined ? null : { process: busiest[0], cores: busiest[1] },
  };
}
