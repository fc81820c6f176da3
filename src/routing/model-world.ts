import { CANDIDATES_KEPT, EXCLUDED_KEPT } from './mechanism.ts';
import type { ExpertStatus, OfferReason, QueueStatus } from './routing.ts';

/** What the model consists of and what can be seen in it. Pure; every question searches the whole lists. */

export interface ModelExpert extends ExpertStatus {
  /** Since when idle before the present ring. */
  idleSince: number;
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
  /** Live offer or talk; null while waiting. */
  offerId: string | null;
  expert: ModelExpert | null;
}

export interface World {
  experts: Map<string, ModelExpert>;
  calls: Map<string, ModelCall>;
}

type Because = OfferReason['excluded'][number]['because'];

/** At work first: of many who cannot be asked, those explain an offer best. */
const ORDER: readonly Because[] = [
  'talking',
  'ringing',
  'wrap-up',
  'resting',
  'paused',
  'unreachable',
  'offline',
];

/** Why an expert cannot be asked; null: can be. */
export function reasonAgainst({ activity, intent, reachable, restUntil }: ExpertStatus): Because | null {
  if (activity !== 'idle') return activity;
  if (intent !== 'ready') return intent;
  if (!reachable) return 'unreachable';
  return restUntil === null ? null : 'resting';
}

const byExpert = (a: { expertId: string }, b: { expertId: string }): number =>
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

function skilled(world: World, specialty: string): ModelExpert[] {
  return [...world.experts.values()].filter((expert) => expert.specialties.includes(specialty));
}

/** Who may be asked, longest idle first. */
export function idle(world: World, specialty: string): ModelExpert[] {
  return skilled(world, specialty)
    .filter((expert) => reasonAgainst(expert) === null)
    .sort((a, b) => a.since - b.since || byExpert(a, b));
}

/** Why the longest idle expert is asked to take the call now. */
export function reasonFor(world: World, call: ModelCall, now: number): OfferReason {
  const { specialty, queuedAt } = call;
  const excluded = skilled(world, specialty).flatMap((expert) => {
    const because = reasonAgainst(expert);
    return because === null ? [] : [{ expertId: expert.expertId, because }];
  });
  excluded.sort((a, b) => ORDER.indexOf(a.because) - ORDER.indexOf(b.because) || byExpert(a, b));
  return {
    rule: 'longest-waiting-to-longest-idle',
    waitedMs: Math.max(0, now - queuedAt),
    position: queueOf(world, specialty).indexOf(call) + 1,
    candidates: idle(world, specialty)
      .slice(0, CANDIDATES_KEPT)
      .map(({ expertId, since }) => ({ expertId, idleMs: Math.max(0, now - since) })),
    excluded: excluded.slice(0, EXCLUDED_KEPT),
  };
}

export interface Deadline {
  at: number;
  kind: 'pause' | 'rest' | 'wrap-up';
  expert: ModelExpert;
}

/** Earliest first; of those of the same millisecond by kind, then expert. */
export function deadlines(world: World): Deadline[] {
  const all = [...world.experts.values()].flatMap((expert) => [
    { at: expert.pausedUntil, kind: 'pause' as const, expert },
    { at: expert.restUntil, kind: 'rest' as const, expert },
    { at: expert.wrapUpUntil, kind: 'wrap-up' as const, expert },
  ]);
  const name = ({ kind, expert }: Deadline) => `${kind}:${expert.expertId}`;
  return all
    .filter((deadline): deadline is Deadline => deadline.at !== null)
    .sort((a, b) => a.at - b.at || (name(a) < name(b) ? -1 : 1));
}

export function position(world: World, callId: string): number | null {
  const call = world.calls.get(callId);
  if (call === undefined || call.state === 'talking') return null;
  return queueOf(world, call.specialty).indexOf(call) + 1;
}

export function statusOf(expert: ModelExpert): ExpertStatus {
  const status: Partial<ModelExpert> & ExpertStatus = { ...expert };
  delete status.idleSince;
  delete status.removed;
  return status;
}

export function statuses(world: World): ExpertStatus[] {
  return [...world.experts.values()].map(statusOf).sort(byExpert);
}

export function waiting(world: World): { callId: string; specialty: string; score: number }[] {
  return [...world.calls.values()]
    .filter((call) => call.state !== 'talking')
    .sort(byOrder)
    .map(({ callId, specialty, score }) => ({ callId, specialty, score }));
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
  const count = (because: Because | null) =>
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
