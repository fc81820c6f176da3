import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Fence } from '../platform/fence.ts';
import { loadCommands } from './commands.ts';
import type { Rules } from './mechanism.ts';
import { createMemory } from './memory.ts';
import { createReadings } from './reader.ts';
import type { Routing } from './routing.ts';
import { toStanding } from './rows.ts';
import { createTeller } from './teller.ts';
import { createTransitions } from './transitions.ts';

export interface RoutingDeps {
  redis: Redis;
  clock: Clock;
  log: Log;
  /** Refuses this process's transitions once another owns the calls. */
  fence?: Fence;
  /** See TellerDeps. Default: they may. */
  mayAct?: () => boolean | Promise<boolean>;
  /** Told when Redis had lost a transition it had answered: nothing is known of experts and citizens any more. */
  onForgotten?: () => void;
  /** Offers in a row an expert may leave unanswered before being paused. */
  missesBeforePause: number;
  missPauseSeconds: number;
  /** Asked with every transition; see reconsider. Default: none. */
  rules?: () => Rules;
  /** How long an expert is left alone after a miss. */
  restSeconds?: number;
}

const REST_SECONDS = 5;

/**
 * Who speaks with whom, kept in Redis. One process runs transitions (the role `calls`); all may read.
 *
 * Deadlines (wrap-up, pause, rest) are ended by this process's one timer from the moment somebody listens; a successor
 * takes them over from Redis. An offer whose telling was lost with Redis's answer is told when Redis answers again.
 * @throws `redis-failed` when Redis is away, here and from every transition and reading: whether the transition was
 *   carried out is then not known, and it may be repeated. `expert-unknown`, `call-talking` as createTransitions tells.
 */
export async function createRouting(deps: RoutingDeps): Promise<Routing> {
  const { redis, clock, log, onForgotten } = deps;
  const memory = onForgotten === undefined ? undefined : createMemory({ log, onForgotten });
  const run = loadCommands(redis, deps.fence, memory, deps.rules);
  const transitions = createTransitions(run, {
    missesBeforePause: deps.missesBeforePause,
    missPauseMs: deps.missPauseSeconds * 1000,
    restMs: (deps.restSeconds ?? REST_SECONDS) * 1000,
  });
  const now = (): number => clock.now();
  const read = async () => toStanding(await run('read-offers', now()));
  const expire = () => transitions.expire(now());
  const teller = createTeller({
    redis,
    clock,
    log,
    read,
    expire,
    check: memory && expire,
    mayAct: deps.mayAct,
    before: await read(),
  });
  const { pass } = teller;

  return {
    ...createReadings(run, now),
    onOffer: teller.onOffer,
    onChange: teller.onChange,
    enqueue: (entry) => pass(transitions.enqueue(now(), entry)),
    resume: (held) => pass(transitions.resume(now(), held)),
    leave: (callId) => pass(transitions.leave(now(), callId)),
    accept: (offerId) => pass(transitions.accept(now(), offerId)),
    miss: (offerId, reason) => pass(transitions.miss(now(), offerId, reason)),
    release: (callId, wrapUpSeconds) =>
      pass(transitions.release(now(), callId, Math.round(wrapUpSeconds * 1000))),
    requeue: (entry) => pass(transitions.requeue(now(), entry)),
    putExpert: (expertId, specialties, levels) =>
      pass(transitions.putExpert(now(), expertId, specialties, levels)),
    removeExpert: (expertId) => pass(transitions.removeExpert(now(), expertId)),
    setIntent: (expertId, intent, reason, until) =>
      pass(transitions.setIntent(now(), expertId, intent, reason, until)),
    setReachable: (expertId, reachable) => pass(transitions.setReachable(now(), expertId, reachable)),
    reconsider: () => pass(transitions.reconsider(now())),
    close: () => teller.close(),
  };
}
