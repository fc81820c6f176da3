import type { Deadline } from './model-deadlines.ts';
import type { ModelCall, ModelExpert, World } from './model-world.ts';
import type { RoutingChange, Waiting, Window } from './routing.ts';

/** What the model's transitions are made of: how experts and citizens go from one standing to another. */

type Wish = Pick<ModelExpert, 'intent' | 'reason' | 'pausedUntil'>;
const READY: Wish = { intent: 'ready', reason: null, pausedUntil: null };
export const OFFLINE: Wish = { intent: 'offline', reason: null, pausedUntil: null };

/** tell: what the mechanism changed by itself. */
export function createMoves({ experts, calls }: World, tell: (change: RoutingChange) => void) {
  /** The call of an offer while it rings or talks, and its expert. */
  function reserved(offerId: string, state: ModelCall['state']): [ModelCall, ModelExpert] | null {
    const call = [...calls.values()].find((one) => one.offerId === offerId && one.state === state);
    return call === undefined || call.expert === null ? null : [call, call.expert];
  }

  function free(expert: ModelExpert, since: number): void {
    Object.assign(expert, { activity: 'idle', since, callId: null, wrapUpUntil: null });
    if (expert.removed) forget(expert);
  }

  function forget(expert: ModelExpert): void {
    closeWindows(expert);
    experts.delete(expert.expertId);
  }

  /** Nobody waits for an expert who wants no calls. */
  function closeWindows({ expertId }: ModelExpert): void {
    for (const call of calls.values()) if (call.window?.expertId === expertId) call.window = null;
  }

  function standing({ window }: Waiting, specialty: string, now: number): Window | null {
    const expert = experts.get(window?.expertId ?? '');
    const isAsked = expert?.intent === 'ready' && !expert.removed && expert.specialties.includes(specialty);
    const stands = (window?.until ?? 0) > now && isAsked;
    return stands ? (window ?? null) : null;
  }

  function waitAgain(call: ModelCall | undefined): void {
    if (call !== undefined) Object.assign(call, { state: 'waiting', offerId: null, expert: null });
  }

  function rest(expert: ModelExpert, until: number, now: number): void {
    if (until > now) expert.restUntil = until;
  }

  function endWrapUp(expert: ModelExpert, at: number): void {
    tell({ type: 'wrap-up-ended', expertId: expert.expertId, callId: expert.callId ?? '', at });
    free(expert, at);
  }

  function newcomer(now: number, expertId: string): ModelExpert {
    const expert: ModelExpert = {
      ...{ expertId, ...OFFLINE, reachable: false, misses: 0, specialties: [], levels: [], removed: false },
      serves: null,
      ...{ activity: 'idle', since: now, idleSince: now, callId: null, wrapUpUntil: null, restUntil: null },
    };
    experts.set(expertId, expert);
    return expert;
  }

  function want(expert: ModelExpert, wish: Wish, at: number): void {
    if (wish.intent === 'ready' && expert.intent !== 'ready') {
      expert.misses = 0;
      if (expert.activity === 'idle') expert.since = at;
    }
    Object.assign(expert, wish);
    if (wish.intent !== 'ready') closeWindows(expert);
  }

  function end(deadline: Deadline): void {
    if (deadline.kind === 'relax') return;
    if (deadline.kind === 'keep') return void (deadline.call.window = null);
    const { at, kind, expert } = deadline;
    if (kind === 'rest') expert.restUntil = null;
    if (kind === 'wrap-up') endWrapUp(expert, at);
    if (kind !== 'pause') return;
    want(expert, READY, at);
    tell({ type: 'pause-ended', expertId: expert.expertId, at });
  }

  function enter(waiting: Waiting, now: number): void {
    const { attempts = 0, ...entry } = waiting;
    const nobody = { offerId: null, expert: null };
    calls.set(entry.callId, {
      ...{ ...entry, ...nobody, attempts, state: 'waiting', window: standing(waiting, entry.specialty, now) },
    });
  }

  return { reserved, free, forget, waitAgain, rest, endWrapUp, newcomer, want, end, enter, standing };
}
