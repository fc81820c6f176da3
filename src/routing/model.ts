import {
  BEST_LEVEL,
  EXPIRED_AT_ONCE,
  NO_RULES,
  type Policy,
  type Rules,
  type Told,
  type Transitions,
} from './mechanism.ts';
import { deadlines } from './model-deadlines.ts';
import { nextMatch, reasonFor } from './model-matching.ts';
import { createMoves, OFFLINE } from './model-moves.ts';
import {
  position,
  queueStatus,
  reservations,
  statuses,
  statusOf,
  waiting,
  type ModelCall,
  type ModelExpert,
  type World,
} from './model-world.ts';
import type { Offer, QueueStatus, Routing, RoutingChange, Waiting } from './routing.ts';

/**
 * The mechanism without Redis: the same transitions on plain lists, searched whole each time instead of indexed. Pure and
 * deterministic. Simulations run on it, and it is the oracle of the test that sends random histories to both.
 */
export interface Model extends Transitions {
  experts(): Awaited<ReturnType<Routing['experts']>>;
  waiting(): Awaited<ReturnType<Routing['waiting']>>;
  position(callId: string): number | null;
  reservations(): Awaited<ReturnType<Routing['reservations']>>;
  queues(now: number, specialties: readonly string[]): QueueStatus[];
}

/** @throws Error whose `code` names the refusal as the transitions on Redis do. */
function refuse(code: string): never {
  throw Object.assign(new Error(code), { code });
}

/** newOfferId: ids of offers, one after another. */
export function createModel(policy: Policy, newOfferId: () => string, rules: Rules = NO_RULES): Model {
  const world: World = { experts: new Map(), calls: new Map(), rules };
  const { experts, calls } = world;
  /** Live offers as they were told. */
  const live = new Map<string, Offer>();
  let offers: Offer[] = [];
  let changes: RoutingChange[] = [];
  const moves = createMoves(world, (change) => changes.push(change));
  const { reserved, free, forget, waitAgain, rest, endWrapUp, newcomer, want, end, enter, standing } = moves;

  /** The one rule: the first citizen in order who may have somebody idle gets the best, the longest idle one; and again. */
  function settle(now: number): void {
    const match = nextMatch(world, now);
    if (match === null) return;
    const { call, expert } = match;
    const offer: Offer = {
      offerId: newOfferId(),
      callId: call.callId,
      expertId: expert.expertId,
      specialty: call.specialty,
      madeAt: now,
      attempt: call.attempts + 1,
      why: reasonFor(world, match, now),
    };
    offers.push(offer);
    live.set(offer.offerId, offer);
    const { offerId, attempt } = offer;
    Object.assign(call, { state: 'ringing', attempts: attempt, offerId, expert });
    Object.assign(expert, {
      activity: 'ringing',
      idleSince: expert.since,
      since: now,
      callId: call.callId,
      serves: call.specialty,
    });
    settle(now);
  }

  /** Runs the body of a transition, then the rule, and gathers what came of both. */
  function transition<T>(now: number, body: () => T): Told<T> {
    offers = [];
    changes = [];
    const result = body();
    settle(now);
    return { result, offers, changes, nextDeadline: deadlines(world)[0]?.at ?? null };
  }

  function onRoster(expertId: string): ModelExpert {
    const expert = experts.get(expertId);
    return expert === undefined || expert.removed ? refuse('expert-unknown') : expert;
  }

  /** The place is told as it is after the rule. */
  function joining(now: number, entry: Waiting, body: (call: ModelCall | undefined) => void) {
    const told = transition(now, () => body(calls.get(entry.callId)));
    return { ...told, result: { position: position(world, entry.callId) ?? 0 } };
  }

  return {
    enqueue: (now, entry) =>
      joining(now, entry, (call) => {
        if (call === undefined) enter(entry, now);
        else if (call.state === 'talking') refuse('call-talking');
        const again = live.get(call?.offerId ?? '');
        if (again !== undefined) offers.push(again);
      }),
    requeue: (now, entry) =>
      joining(now, entry, (call) => {
        if (call === undefined) return enter(entry, now);
        const { state, expert } = call;
        waitAgain(call);
        call.window = standing(entry, call.specialty, now);
        if (expert === null) return;
        if (state === 'talking') rest(expert, expert.since + policy.restMs, now);
        free(expert, state === 'talking' ? now : expert.idleSince);
      }),
    resume: (now, { activity, offerId, expertId, since, ...entry }) =>
      transition(now, () => {
        if (calls.has(entry.callId)) return 'known';
        const expert = experts.get(expertId) ?? newcomer(now, expertId);
        if (expert.activity !== 'idle') return 'taken';
        enter(entry, now);
        Object.assign(calls.get(entry.callId)!, { state: activity, offerId, expert });
        if (activity === 'talking') calls.get(entry.callId)!.window = null;
        Object.assign(expert, {
          ...{ activity, idleSince: expert.since, since, callId: entry.callId, serves: entry.specialty },
        });
        return 'resumed';
      }),
    leave: (now, callId) =>
      transition(now, () => {
        const call = calls.get(callId);
        if (call === undefined || call.state === 'talking') return { cancelledOfferId: null };
        calls.delete(callId);
        if (call.expert !== null) free(call.expert, call.expert.idleSince);
        return { cancelledOfferId: call.offerId };
      }),
    accept: (now, offerId) =>
      transition(now, () => {
        if (reserved(offerId, 'talking') !== null) return 'accepted';
        const [call, expert] = reserved(offerId, 'ringing') ?? [];
        if (call === undefined || expert === undefined) return 'stale';
        Object.assign(call, { state: 'talking', window: null });
        Object.assign(expert, { activity: 'talking', since: now, misses: 0 });
        return 'accepted';
      }),
    miss: (now, offerId, reason) =>
      transition(now, () => {
        const [call, expert] = reserved(offerId, 'ringing') ?? [];
        if (call === undefined || expert === undefined) return;
        waitAgain(call);
        // Who does not answer is not waited for; only a telephone that is not back yet still is.
        if (reason !== 'unreachable') call.window = null;
        free(expert, now);
        if (reason === 'unreachable') return void (expert.reachable = false);
        rest(expert, now + policy.restMs, now);
        if (reason !== 'lost') expert.misses += 1;
        if (expert.misses < policy.missesBeforePause || expert.intent !== 'ready') return;
        const until = now + policy.missPauseMs;
        want(expert, { intent: 'paused', reason: 'missed-offers', pausedUntil: until }, now);
        changes.push({ type: 'paused', expertId: expert.expertId, reason: 'missed-offers', until, at: now });
      }),
    release: (now, callId, wrapUpMs) =>
      transition(now, () => {
        const call = calls.get(callId);
        if (call?.state !== 'talking' || call.expert === null) return;
        calls.delete(callId);
        if (wrapUpMs <= 0) return free(call.expert, now);
        Object.assign(call.expert, { activity: 'wrap-up', since: now, wrapUpUntil: now + wrapUpMs });
      }),
    putExpert: (now, expertId, specialties, levels = []) =>
      transition(now, () => {
        const known = [...new Set(specialties)];
        const levelOf = (one: string) => levels[specialties.indexOf(one)] ?? BEST_LEVEL;
        const skills = { specialties: known, levels: known.map(levelOf), removed: false };
        const expert = experts.get(expertId);
        if (expert !== undefined) return void Object.assign(expert, skills);
        Object.assign(newcomer(now, expertId), skills);
      }),
    removeExpert: (now, expertId) =>
      transition(now, () => {
        const expert = experts.get(expertId);
        if (expert === undefined) return;
        if (expert.activity === 'ringing') waitAgain(calls.get(expert.callId ?? ''));
        if (expert.activity === 'idle' || expert.activity === 'ringing') return forget(expert);
        want(expert, OFFLINE, now);
        Object.assign(expert, { specialties: [], levels: [], removed: true });
      }),
    setIntent: (now, expertId, intent, reason, until) => {
      const expert = onRoster(expertId);
      const told = transition(now, () => {
        const paused = intent === 'paused';
        want(expert, { intent, reason: paused ? reason : null, pausedUntil: paused ? until : null }, now);
        if (intent === 'ready' && expert.activity === 'wrap-up') endWrapUp(expert, now);
      });
      return { ...told, result: statusOf(expert) };
    },
    setReachable: (now, expertId, reachable) =>
      transition(now, () => {
        const expert = onRoster(expertId);
        if (expert.reachable === reachable) return;
        expert.reachable = reachable;
        if (expert.activity === 'ringing' && !reachable) {
          waitAgain(calls.get(expert.callId ?? ''));
          free(expert, now);
        } else if (reachable && expert.activity === 'idle') expert.since = now;
      }),
    expire: (now) =>
      transition(now, () => {
        for (const deadline of deadlines(world).slice(0, EXPIRED_AT_ONCE))
          if (deadline.at <= now) end(deadline);
      }),
    reconsider: (now) => transition(now, () => undefined),

    experts: () => statuses(world),
    waiting: () => waiting(world),
    position: (callId) => position(world, callId),
    reservations: () => reservations(world),
    queues: (now, specialties) => specialties.map((specialty) => queueStatus(world, specialty, now)),
  };
}
