import { BEST_LEVEL, type Rules } from './mechanism.ts';
import type { Exclusion, ExpertStatus, QueueStatus, WaitingRow, Window } from './routing.ts';

/** What the model consists of and what can be seen in it. Pure; every question searches the whole lists. */

export interface ModelExpert extends ExpertStatus {
  /** Of the specialties, side by side. */
  levels: number[];
  /** Since when idle before the present ring. */
  idleSince: number;
  /** Specialty of the present or the last call. */
  serves: string | null;
  /** Off the roster, and only here until the talk or wrap-up is over. */
  removed: boolean;
}

export interface ModelCall {
  callId: string;
  specialty: string;
  score: number;
  queuedAt: number;
  attempts: number;
  state: 'waiting' | 'ringing' | 'talking';
  /** Before its end only this expert may be asked; null: anybody. */
  window: Window | null;
  /** Live offer or talk; null while waiting. */
  offerId: string | null;
  expert: ModelExpert | null;
}

export interface World {
  experts: Map<string, ModelExpert>;
  calls: Map<string, ModelCall>;
  rules: Rules;
}

/** Why an expert cannot be asked; null: can be. */
export function reasonAgainst({ activity, intent, reachable, restUntil }: ExpertStatus): Exclusion | null {
  if (activity !== 'idle') return activity;
  if (intent !== 'ready') return intent;
  if (!reachable) return 'unreachable';
  return restUntil === null ? null : 'resting';
}

export const byExpert = (a: { expertId: string }, b: { expertId: string }): number =>
  a.expertId < b.expertId ? -1 : 1;

/** The order of a queue. */
export function byOrder(a: ModelCall, b: ModelCall): number {
  return a.score - b.score || (a.callId < b.callId ? -1 : 1);
}

export function queueOf(world: World, specialty: string): ModelCall[] {
  return [...world.calls.values()]
    .filter((call) => call.state !== 'talking' && call.specialty === specialty)
    .sort(byOrder);
}

export function skilled(world: World, specialty: string): ModelExpert[] {
  return [...world.experts.values()].filter((expert) => expert.specialties.includes(specialty));
}

export const levelOf = ({ specialties, levels }: ModelExpert, specialty: string): number =>
  levels[specialties.indexOf(specialty)] ?? BEST_LEVEL;

/** Who could be asked: the best level first, of these the longest idle. */
export function idle(world: World, specialty: string): ModelExpert[] {
  const level = (expert: ModelExpert) => levelOf(expert, specialty);
  return skilled(world, specialty)
    .filter((expert) => reasonAgainst(expert) === null)
    .sort((a, b) => level(b) - level(a) || a.since - b.since || byExpert(a, b));
}

/** Comes back to the queue without being asked. */
export const worksNow = ({ intent, activity, reachable }: ModelExpert): boolean =>
  intent === 'ready' && (activity !== 'idle' || reachable);

export function position(world: World, callId: string): number | null {
  const call = world.calls.get(callId);
  if (call === undefined || call.state === 'talking') return null;
  return queueOf(world, call.specialty).indexOf(call) + 1;
}

export function statusOf(expert: ModelExpert): ExpertStatus {
  const status: Partial<ModelExpert> & ExpertStatus = { ...expert };
  delete status.levels;
  delete status.idleSince;
  delete status.serves;
  delete status.removed;
  return status;
}

export function statuses(world: World): ExpertStatus[] {
  return [...world.experts.values()].map(statusOf).sort(byExpert);
}

export function waiting(world: World): WaitingRow[] {
  return [...world.calls.values()]
    .filter((call) => call.state !== 'talking')
    .sort(byOrder)
    .map(({ callId, specialty, score, window }) => ({
      ...{ callId, specialty, score },
      ...(window === null ? {} : { onlyExpert: window.expertId }),
    }));
}

export function reservations(
  world: World,
): { callId: string; expertId: string; offerId: string; activity: 'ringing' | 'talking' }[] {
  return [...world.calls.values()].flatMap(({ callId, expert, offerId, state }) =>
    expert === null || offerId === null || state === 'waiting'
      ? []
      : [{ callId, expertId: expert.expertId, offerId, activity: state }],
  );
}

export function queueStatus(world: World, specialty: string, now: number): QueueStatus {
  const queue = queueOf(world, specialty);
  const count = (because: Exclusion | null) =>
    skilled(world, specialty).filter((expert) => reasonAgainst(expert) === because).length;
  return {
    specialty,
    waiting: queue.length,
    longestWaitMs: Math.max(0, ...queue.map(({ queuedAt }) => now - queuedAt)),
    ready: count(null),
    ringing: count('ringing'),
    talking: count('talking'),
    wrapUp: count('wrap-up'),
    paused: count('paused'),
  };
}
