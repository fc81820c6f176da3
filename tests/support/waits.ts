import { sayable } from '../../src/calls/told-wait.ts';
import type { ExpertStatus, WaitingRow } from '../../src/routing/routing.ts';
import { aheadOf, boundedRange, type Handling } from '../../src/routing/wait-range.ts';
import { random } from './random.ts';

/**
 * A queue in virtual time, first come first served but for the bound against floods: citizens come, wait, lose patience or are answered. Whoever has to wait is told
 * a range on coming and every minute after that, by the real estimator, which knows only what it would know in earnest:
 * who stands where, who is at work, and the last hundred talks and waits.
 */

export interface Scene {
  seed: number;
  /** The skills of each expert. */
  experts: readonly (readonly string[])[];
  /** Citizens an hour, by specialty. */
  callsPerHour: Readonly<Record<string, number>>;
  handleSeconds: number;
  /** Draws a handling time from uniform numbers; its mean is handleSeconds. */
  handling: (uniform: () => number, mean: number) => number;
  /** Mean patience; null: nobody leaves. */
  patienceSeconds: number | null;
  hours: number;
  /** After so long a queue that has less than falls to it comes first; 0: never. Default 0. */
  boundSeconds?: number;
  /** Whether the estimator knows of it. Default: it does. */
  knowsBound?: boolean;
  /** Whose tellings are judged; default: everybody's. */
  judged?: string;
}

export interface Judged {
  /** Tellings whose citizen was answered. */
  told: number;
  /** Share of them inside the minutes that were said, and inside the range before rounding. */
  inside: number;
  insideRaw: number;
  meanWaitSeconds: number;
  /** Width of what was said, mean minutes; of those with an end. */
  widthMinutes: number;
}

export const exponential = (uniform: () => number, mean: number): number => -mean * Math.log(1 - uniform());

/** Coefficient of variation 0.5: advice by telephone is more even than exponential. */
export function lognormal(uniform: () => number, mean: number): number {
  const variance = Math.log(1 + 0.25);
  const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return mean * Math.exp(Math.sqrt(variance) * normal - variance / 2);
}

interface Citizen extends WaitingRow {
  at: number;
  leavesAt: number;
  told: { at: number; low: number; high: number; rawLow: number; rawHigh: number }[];
}

const KEPT = 100;
const EVERY_SECONDS = 60;

export function simulate(scene: Scene): Judged {
  const uniform = random(scene.seed);
  const waiting: Citizen[] = [];
  const experts = scene.experts.map((specialties, index) => ({
    ...{ id: `e${index}`, specialties: [...specialties], freeAt: 0, idleSince: 0, busy: false, serves: '' },
  }));
  const bound = scene.boundSeconds ?? 0;
  const talks = new Map<string, number[]>();
  const waits = new Map<string, { seconds: number; left: boolean }[]>();
  const results: { actual: number; telling: Citizen['told'][number] }[] = [];
  const answeredAfter: number[] = [];
  const keep = <T>(all: Map<string, T[]>, key: string, value: T): void => {
    all.set(key, [...(all.get(key) ?? []), value].slice(-KEPT));
  };

  function handlingOf(specialty: string): Handling | null {
    const times = talks.get(specialty) ?? [];
    if (times.length < 2) return null;
    const mean = times.reduce((sum, one) => sum + one, 0) / times.length;
    const variance = times.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (times.length - 1);
    const known = waits.get(specialty) ?? [];
    const total = known.reduce((sum, one) => sum + one.seconds, 0);
    const left = known.filter((one) => one.left).length;
    const leavingPerSecond = total > 0 ? left / total : 0;
    return { talks: times.length, meanSeconds: mean, spread: variance / mean ** 2, leavingPerSecond };
  }

  function tell(citizen: Citizen, now: number): void {
    const place =
      1 + waiting.filter((one) => one.specialty === citizen.specialty && one.score < citizen.score).length;
    const statuses = experts.map(({ id, specialties, busy }) => ({
      ...({ expertId: id, intent: 'ready', reachable: true, restUntil: null, callId: null } as ExpertStatus),
      ...{ specialties, activity: busy ? ('talking' as const) : ('idle' as const) },
    }));
    const left = Math.max(0, bound - (now - citizen.at));
    const range = boundedRange(
      aheadOf(citizen, place, { experts: statuses, waiting }),
      handlingOf(citizen.specialty),
      bound === 0 || scene.knowsBound === false ? null : left,
    );
    const said = range === null ? null : sayable(range);
    if (range === null || said === null) return;
    const [low, high] = [said.lowMinutes * 60, (said.highMinutes ?? Infinity) * 60];
    citizen.told.push({ at: now, low, high, rawLow: range.lowSeconds, rawHigh: range.highSeconds });
  }

  const couldTake = ({ specialty }: Citizen) =>
    experts
      .filter((one) => !one.busy && one.specialties.includes(specialty))
      .sort((a, b) => a.idleSince - b.idleSince)[0];

  /** As the model has it (model-equity.ts): 2 for who is not pressed. */
  function pressOf(citizen: Citizen, now: number): number {
    const skilled = experts.filter((one) => one.specialties.includes(citizen.specialty));
    const engaged = skilled.filter((one) => one.busy && one.serves === citizen.specialty).length;
    const share = skilled.reduce((sum, one) => sum + 1 / one.specialties.length, 0);
    if (bound === 0 || now - citizen.at < bound || engaged >= share) return 2;
    return couldTake(citizen)?.serves === citizen.specialty ? 1 : 0;
  }

  function settle(now: number): void {
    for (;;) {
      const order = [...waiting].sort((a, b) => a.score - b.score);
      const heads = [...next.keys()].flatMap(
        (key) => order.find((one) => one.specialty === key && couldTake(one) !== undefined) ?? [],
      );
      heads.sort((a, b) => pressOf(a, now) - pressOf(b, now) || a.score - b.score);
      const [citizen] = heads;
      const expert = citizen && couldTake(citizen);
      if (citizen === undefined || expert === undefined) return;
      take(citizen, expert, now);
    }
  }

  function take(citizen: Citizen, expert: (typeof experts)[number], now: number): void {
    waiting.splice(waiting.indexOf(citizen), 1);
    const seconds = scene.handling(uniform, scene.handleSeconds);
    Object.assign(expert, { busy: true, freeAt: now + seconds, serves: citizen.specialty });
    keep(talks, citizen.specialty, seconds);
    keep(waits, citizen.specialty, { seconds: now - citizen.at, left: false });
    if (scene.judged !== undefined && scene.judged !== citizen.specialty) return;
    answeredAfter.push(now - citizen.at);
    for (const telling of citizen.told) results.push({ actual: now - telling.at, telling });
  }

  const next = new Map(
    Object.entries(scene.callsPerHour).map(([key, rate]) => [key, exponential(uniform, 3600 / rate)]),
  );
  for (let count = 0; ;) {
    const comes = Math.min(...next.values());
    const frees = Math.min(...experts.map((one) => (one.busy ? one.freeAt : Infinity)));
    const leaves = Math.min(Infinity, ...waiting.map((one) => one.leavesAt));
    const hears = Math.min(
      Infinity,
      ...waiting.map((one) => (one.told.at(-1)?.at ?? one.at) + EVERY_SECONDS),
    );
    const now = Math.min(comes, frees, leaves, hears);
    if (now > scene.hours * 3600) break;
    if (now === frees) {
      for (const one of experts)
        if (one.busy && one.freeAt === now) Object.assign(one, { busy: false, idleSince: now });
    } else if (now === leaves) {
      const citizen = waiting.find((one) => one.leavesAt === now)!;
      waiting.splice(waiting.indexOf(citizen), 1);
      keep(waits, citizen.specialty, { seconds: now - citizen.at, left: true });
    } else if (now === hears) {
      const citizen = waiting.find((one) => (one.told.at(-1)?.at ?? one.at) + EVERY_SECONDS === now)!;
      const before = citizen.told.length;
      tell(citizen, now);
      // Nothing is known yet: such a citizen is asked about no more.
      if (citizen.told.length === before)
        citizen.told.push({ at: now, low: 0, high: Infinity, rawLow: 0, rawHigh: Infinity });
    } else {
      const [specialty] = [...next].find(([, at]) => at === now)!;
      next.set(specialty, now + exponential(uniform, 3600 / scene.callsPerHour[specialty]!));
      const patience =
        scene.patienceSeconds === null ? Infinity : exponential(uniform, scene.patienceSeconds);
      const callId = `c${String(count++).padStart(6, '0')}`;
      const citizen = { callId, specialty, score: now, at: now, leavesAt: now + patience, told: [] };
      waiting.push(citizen);
      settle(now);
      if (waiting.includes(citizen)) tell(citizen, now);
    }
    settle(now);
  }
  return judge(results, answeredAfter);
}

function judge(
  results: readonly { actual: number; telling: Citizen['told'][number] }[],
  answeredAfter: readonly number[],
): Judged {
  const judged = results.filter(({ telling }) => telling.low > 0 || telling.high < Infinity);
  const share = (inside: (one: (typeof judged)[number]) => boolean) =>
    judged.filter(inside).length / judged.length;
  const ended = judged.filter(({ telling }) => telling.high < Infinity);
  return {
    told: judged.length,
    inside: share(({ actual, telling }) => actual >= telling.low && actual <= telling.high),
    insideRaw: share(({ actual, telling }) => actual >= telling.rawLow && actual <= telling.rawHigh),
    meanWaitSeconds: answeredAfter.reduce((sum, one) => sum + one, 0) / answeredAfter.length,
    widthMinutes:
      ended.reduce((sum, { telling }) => sum + (telling.high - telling.low), 0) / ended.length / 60,
  };
}
