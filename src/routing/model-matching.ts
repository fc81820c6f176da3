import { CANDIDATES_KEPT, EXCLUDED_KEPT } from './mechanism.ts';
import { byEquity } from './model-equity.ts';
import {
  byExpert,
  byOrder,
  idle,
  levelOf,
  queueOf,
  reasonAgainst,
  skilled,
  worksNow,
  type ModelCall,
  type ModelExpert,
  type World,
} from './model-world.ts';
import type { Exclusion, OfferReason } from './routing.ts';

/** Who of the model's citizens is offered to whom, from when, and why. Pure. */

/** At work first: of many who cannot be asked, those explain an offer best. */
const ORDER: readonly Exclusion[] = [
  'talking',
  'ringing',
  'wrap-up',
  'resting',
  'paused',
  'unreachable',
  'offline',
];

/** From when the best idle expert may be asked for this call, -Infinity: at once; null: nobody is idle. */
function turnAt(world: World, { specialty, window, score }: ModelCall): number | null {
  const asked = idle(world, specialty);
  if (window !== null) return asked.some((one) => one.expertId === window.expertId) ? -Infinity : null;
  if (asked[0] === undefined) return null;
  const levels = skilled(world, specialty).filter(worksNow);
  const best = Math.max(...levels.map((expert) => levelOf(expert, specialty)));
  const delay = (best - levelOf(asked[0], specialty)) * world.rules.levelStepMs;
  return delay === 0 ? -Infinity : score + delay;
}

/** From when experts of other specialties may help, those who are idle and wanted by nobody of their own. */
function helpAt(world: World, { specialty, window, score }: ModelCall): { helper: string; at: number }[] {
  if (window !== null) return [];
  const isWanted = (helper: string) =>
    [...world.calls.values()].some((one) => one.specialty === helper && one.state === 'waiting');
  return (world.rules.overflow[specialty] ?? [])
    .filter(({ helper }) => idle(world, helper).length > 0 && !isWanted(helper))
    .map(({ helper, afterMs }) => ({ helper, at: score + afterMs }));
}

export interface Match {
  call: ModelCall;
  expert: ModelExpert;
  /** The specialty that helps out; null: the call's own expert. */
  helper: string | null;
  /** An older citizen of another queue was passed over for the sake of the bound. */
  equity: boolean;
}

/** Who is to be offered whom: the next whom one of the own experts may take, else the first who may be helped. */
export function nextMatch(world: World, now: number): Match | null {
  const waits = [...world.calls.values()].filter((call) => call.state === 'waiting').sort(byOrder);
  const heads = new Map<string, Match>();
  for (const call of waits) {
    if (heads.has(call.specialty)) continue;
    const at = turnAt(world, call);
    if (at === null || at > now) continue;
    const expert = asking(world, call, null)[0];
    if (expert !== undefined) heads.set(call.specialty, { call, expert, helper: null, equity: false });
  }
  const served = byEquity(world, [...heads.values()], now);
  if (served !== null) return served;
  for (const call of waits) {
    const helper = helpAt(world, call).find(({ at }) => at <= now)?.helper;
    const expert = helper === undefined ? undefined : idle(world, helper)[0];
    if (helper !== undefined && expert !== undefined) return { call, expert, helper, equity: false };
  }
  return null;
}

/** Who could be asked, the one who is asked first. */
function asking(world: World, { specialty, window }: ModelCall, helper: string | null): ModelExpert[] {
  const all = idle(world, helper ?? specialty);
  const isFirst = ({ expertId }: ModelExpert) => expertId === window?.expertId;
  return [...all.filter(isFirst), ...all.filter((expert) => !isFirst(expert))];
}

/** When more may be done for a queue than now, though nothing happens but time; null: never. */
export function relaxesAt(world: World, specialty: string): number | null {
  const head = queueOf(world, specialty).find((call) => call.state === 'waiting' && call.window === null);
  if (head === undefined) return null;
  const times = [turnAt(world, head), ...helpAt(world, head).map(({ at }) => at)];
  const known = times.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Why the first of those who may be asked is asked to take the call now. */
export function reasonFor(world: World, match: Match, now: number): OfferReason {
  const { call, helper } = match;
  const { specialty, queuedAt } = call;
  const excluded = skilled(world, specialty).flatMap((expert) => {
    const because = reasonAgainst(expert);
    return because === null ? [] : [{ expertId: expert.expertId, because }];
  });
  excluded.sort((a, b) => ORDER.indexOf(a.because) - ORDER.indexOf(b.because) || byExpert(a, b));
  return {
    rule: ruleOf(match),
    waitedMs: Math.max(0, now - queuedAt),
    position: queueOf(world, specialty).indexOf(call) + 1,
    candidates: asking(world, call, helper)
      .slice(0, CANDIDATES_KEPT)
      .map(({ expertId, since }) => ({ expertId, idleMs: Math.max(0, now - since) })),
    excluded: excluded.slice(0, EXCLUDED_KEPT),
  };
}

function ruleOf({ call, helper, equity }: Match): OfferReason['rule'] {
  if (equity) return 'equity';
  if (helper !== null) return 'overflow';
  return call.window === null ? 'longest-waiting-to-longest-idle' : 'same-expert-again';
}
