import { codeOf } from '../../src/platform/fault.ts';
import { createRedis } from '../../src/platform/redis.ts';
import { loadCommands } from '../../src/routing/commands.ts';
import { BEST_LEVEL, NO_RULES, type Policy, type Rules, type Told } from '../../src/routing/mechanism.ts';
import { createReadings } from '../../src/routing/reader.ts';
import type { ExpertStatus, Offer, RoutingReader } from '../../src/routing/routing.ts';
import { createTransitions } from '../../src/routing/transitions.ts';
import { testRedis } from './redis.ts';
import { silentLog } from './silent-log.ts';

export const T0 = 1_750_000_000_000;
export const POLICY: Policy = { missesBeforePause: 2, missPauseMs: 300_000, restMs: 5000 };

/** The transitions on a Redis database of the test's own, at times the test names. */
export async function startMechanism(url?: string) {
  const redis = createRedis(url ?? (await testRedis()), silentLog);
  const state = { now: T0, rules: NO_RULES };
  const run = loadCommands(redis, undefined, undefined, () => state.rules);
  const transitions = createTransitions(run, POLICY);
  return { redis, run, transitions, read: createReadings(run, () => state.now), state };
}

/** What an expert who could be asked and a citizen who could be served would say: there must never be both. */
export function available(expert: ExpertStatus): boolean {
  const { intent, reachable, activity, restUntil } = expert;
  return intent === 'ready' && reachable && activity === 'idle' && restUntil === null;
}

export interface Picture {
  experts: ExpertStatus[];
  waiting: Awaited<ReturnType<RoutingReader['waiting']>>;
  reservations: Awaited<ReturnType<RoutingReader['reservations']>>;
}

export async function takePicture(read: RoutingReader): Promise<Picture> {
  const [experts, waiting, reservations] = await Promise.all([
    read.experts(),
    read.waiting(),
    read.reservations(),
  ]);
  return { experts, waiting, reservations };
}

/**
 * What must hold whatever happened. rules: with others than none a citizen may wait beside an expert, see `stranded`.
 * @returns what does not, in words; empty: all holds.
 */
export function broken({ experts, waiting, reservations }: Picture, rules: Rules = NO_RULES): string[] {
  const faults: string[] = [];
  const twice = (values: string[]) => values.filter((value, index) => values.indexOf(value) !== index);
  for (const id of twice(reservations.map((one) => one.callId))) faults.push(`${id} has two experts`);
  for (const id of twice(reservations.map((one) => one.expertId))) faults.push(`${id} has two citizens`);
  for (const id of twice(waiting.map((one) => one.callId))) faults.push(`${id} waits twice`);
  const bound = new Map(reservations.map((one) => [one.expertId, one]));
  for (const { expertId, activity, callId } of experts) {
    const reservation = bound.get(expertId);
    bound.delete(expertId);
    const reserved = activity === 'ringing' || activity === 'talking';
    if (reserved && reservation?.callId !== callId) faults.push(`${expertId} is ${activity} without a call`);
    if (!reserved && reservation !== undefined) faults.push(`${expertId} is ${activity} and reserved`);
    if (reserved && reservation?.activity !== activity) faults.push(`${expertId} is not ${activity}`);
  }
  for (const id of bound.keys()) faults.push(`${id} is reserved and unknown`);
  const queued = new Set(waiting.map((one) => one.callId));
  for (const { callId, activity } of reservations)
    if (queued.has(callId) !== (activity === 'ringing')) faults.push(`${callId} ${activity}, queued or not`);
  return rules === NO_RULES ? [...faults, ...unserved({ experts, waiting, reservations })] : faults;
}

/** Some eligible citizen is always served: nobody waits whom an available expert could take. */
function unserved({ experts, waiting, reservations }: Picture): string[] {
  const offered = new Set(reservations.map((one) => one.callId));
  return waiting
    .filter(({ callId }) => !offered.has(callId))
    .flatMap(({ callId, specialty, onlyExpert }) =>
      experts
        .filter((expert) => available(expert) && expert.specialties.includes(specialty))
        .filter(({ expertId }) => onlyExpert === undefined || onlyExpert === expertId)
        .map(({ expertId }) => `${callId} waits beside ${expertId}`),
    );
}

const isAtWork = ({ intent, activity, reachable }: ExpertStatus): boolean =>
  intent === 'ready' && (activity !== 'idle' || reachable);

/**
 * Some eligible citizen is always served, also under rules: nobody waits beside an available expert for longer than the levels say,
 * nor beside an idle one of a specialty that helps out and has nobody of its own waiting. levels: by expert and specialty.
 */
export function stranded(
  { experts, waiting, reservations }: Picture,
  levels: ReadonlyMap<string, Readonly<Record<string, number>>>,
  rules: Rules,
  now: number,
): string[] {
  const offered = new Set(reservations.map((one) => one.callId));
  const left = waiting.filter((one) => !offered.has(one.callId));
  const level = (expertId: string, specialty: string) => levels.get(expertId)?.[specialty] ?? BEST_LEVEL;
  return left
    .filter(({ onlyExpert }) => onlyExpert === undefined)
    .flatMap(({ callId, specialty, score }) => {
      const skilled = experts.filter((expert) => expert.specialties.includes(specialty));
      const best = Math.max(0, ...skilled.filter(isAtWork).map(({ expertId }) => level(expertId, specialty)));
      const mayTake = ({ expertId }: ExpertStatus) => {
        const steps = best - level(expertId, specialty);
        return steps === 0 || rules.levelStepMs === 0 || now >= score + steps * rules.levelStepMs;
      };
      const own = skilled.filter((expert) => available(expert) && mayTake(expert));
      const helping = (rules.overflow[specialty] ?? [])
        .filter(
          ({ helper, afterMs }) => now >= score + afterMs && !left.some((one) => one.specialty === helper),
        )
        .flatMap(({ helper }) => experts.filter((one) => available(one) && one.specialties.includes(helper)));
      return [...own, ...helping].map(({ expertId }) => `${callId} waits beside ${expertId}`);
    });
}

/** Help never takes an expert for whom somebody of the own queue waits. `all`: offers of one transition; the picture is of after it. */
export function takenFromOwn(all: readonly Offer[], { experts, waiting, reservations }: Picture): string[] {
  const offered = new Set(reservations.map((one) => one.callId));
  return all
    .filter(({ why }) => why.rule === 'overflow')
    .flatMap(({ callId, specialty, expertId }) => {
      const skills = experts.find((one) => one.expertId === expertId)?.specialties ?? [];
      const wanted = (skill: string) =>
        waiting.some(
          (one) => one.specialty === skill && !offered.has(one.callId) && one.onlyExpert === undefined,
        );
      // Of a helper's several skills the one by which it helps is not told: none of them may be free of waiting people only.
      return skills.filter((skill) => skill !== specialty).every(wanted)
        ? [`${callId} took ${expertId}`]
        : [];
    });
}

/**
 * No inversion within a queue: who is offered an expert stands before everybody of the same queue who is left without and
 * may be offered this one.
 * `all`: offers of one transition; the picture is of after it.
 */
export function inversions(all: readonly Offer[], { experts, waiting, reservations }: Picture): string[] {
  const offered = new Set(reservations.map((one) => one.callId));
  const places = waiting.map((one) => one.callId);
  return all.flatMap(({ callId, specialty, expertId }) => {
    const skills = experts.find((one) => one.expertId === expertId)?.specialties ?? [];
    // Whom an expert of another specialty helps passes those who are kept for that very expert, who may not help them.
    const may = (only: string | undefined) =>
      only === undefined || (only === expertId && skills.includes(specialty));
    return waiting
      .filter(({ onlyExpert }) => may(onlyExpert))
      .filter((one) => one.specialty === specialty && !offered.has(one.callId))
      .filter((one) => places.indexOf(one.callId) < places.indexOf(callId))
      .map((one) => `${callId} went before ${one.callId}`);
  });
}

/** A transition's result or the code of its refusal. */
export async function outcomeOf<T>(
  act: () => Told<T> | Promise<Told<T>>,
): Promise<Told<T> | { refused: string }> {
  try {
    return await act();
  } catch (error) {
    const code = codeOf(error);
    if (code === null || code === 'redis-failed') throw error;
    return { refused: code };
  }
}

type Mechanism = Awaited<ReturnType<typeof startMechanism>>;

/** Words for examples: who is where, said in a line. */
export function stage({ transitions, read, state }: Mechanism) {
  return {
    /** An expert at the desk: on the roster, ready, telephone registered. */
    expertReady: async (expertId: string, ...specialties: string[]): Promise<void> => {
      await transitions.putExpert(state.now, expertId, specialties);
      await transitions.setIntent(state.now, expertId, 'ready', null, null);
      await transitions.setReachable(state.now, expertId, true);
    },
    /** A citizen joins at this moment, or with an older place. Returns what the transition told. */
    citizenJoins: (callId: string, specialty: string, score = state.now) =>
      transitions.enqueue(state.now, { callId, specialty, score, queuedAt: score }),
    /** `c1 → e001` for each offer told. */
    pairs: (offers: readonly Offer[]) => offers.map(({ callId, expertId }) => `${callId} → ${expertId}`),
    expert: async (expertId: string): Promise<ExpertStatus> => {
      const status = await read.expert(expertId);
      if (status === null) throw new Error(`There is no ${expertId}`);
      return status;
    },
    /** Lets time pass without anything being done. */
    later: (seconds: number): number => {
      state.now += seconds * 1000;
      return state.now;
    },
  };
}
