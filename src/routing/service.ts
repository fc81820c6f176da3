import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { codeOf } from '../platform/fault.ts';
import { createAlarm } from './alarm.ts';
import { loadCommands } from './commands.ts';
import type { Told } from './mechanism.ts';
import { createReadings } from './reader.ts';
import { toLiveOffers, type LiveOffer } from './rows.ts';
import type { Offer, Routing, RoutingChange } from './routing.ts';
import { createListeners } from './listeners.ts';
import { createTransitions } from './transitions.ts';

export interface RoutingDeps {
  redis: Redis;
  clock: Clock;
  log: Log;
  /** Offers in a row an expert may leave unanswered before being paused. */
  missesBeforePause: number;
  missPauseSeconds: number;
  /** How long an expert is left alone after a miss. */
  restSeconds?: number;
}

const REST_SECONDS = 5;
/** After an answer of Redis was lost. Redis coming back is told by an event and not waited for. */
const LOOK_AFTER_MS = 1000;

/**
 * Who speaks with whom, kept in Redis. One process runs transitions (the role `calls`); all may read.
 *
 * Deadlines (wrap-up, pause, rest) are ended by this process's one timer from the moment somebody listens: before that
 * nobody could act on the offers that come of it. A successor takes the deadlines over from Redis. Offers that were live
 * before this process began are not told: whoever takes up their calls requeues them.
 * @throws `redis-failed` when Redis is away.
 */
export async function createRouting(deps: RoutingDeps): Promise<Routing> {
  const { redis, clock, log } = deps;
  const run = loadCommands(redis);
  const transitions = createTransitions(run, {
    missesBeforePause: deps.missesBeforePause,
    missPauseMs: deps.missPauseSeconds * 1000,
    restMs: (deps.restSeconds ?? REST_SECONDS) * 1000,
  });
  const offerListeners = createListeners<Offer>(log);
  const changeListeners = createListeners<RoutingChange>(log);
  const told = new Set((await read()).live.map((offer) => offer.offerId));
  const alarm = createAlarm(clock, () => void ring());
  let closed = false;
  /** Whether an answer of Redis may have been lost, and with it an offer. */
  let unsure = false;
  let ringing: Promise<void> = Promise.resolve();

  async function read(): Promise<{ live: LiveOffer[]; nextDeadline: number | null }> {
    return toLiveOffers(await run('read-offers', clock.now()));
  }

  const isHeard = (): boolean => offerListeners.count() + changeListeners.count() > 0;

  function stand(at: number | null): void {
    if (isHeard() && !closed) alarm.set(unsure ? clock.now() + LOOK_AFTER_MS : at);
  }

  function tell(offer: Offer): void {
    if (offerListeners.count() === 0 || told.has(offer.offerId)) return;
    told.add(offer.offerId);
    log.debug({ callId: offer.callId, offerId: offer.offerId, expertId: offer.expertId }, 'offer.made');
    offerListeners.tell(offer);
  }

  /** Passes on what a transition brought about, in the order in which Redis answered. */
  async function pass<T>(transition: Promise<Told<T>>): Promise<T> {
    let answer: Told<T>;
    try {
      answer = await transition;
    } catch (error) {
      if (codeOf(error) === 'redis-failed') {
        unsure = true;
        stand(null);
      }
      throw error;
    }
    for (const change of answer.changes) changeListeners.tell(change);
    for (const offer of answer.offers) tell(offer);
    stand(answer.nextDeadline);
    return answer.result;
  }

  /** Offers that stand in Redis and that nobody here was told of. */
  async function lookAgain(): Promise<void> {
    const { live, nextDeadline } = await read();
    unsure = false;
    const standing = new Set(live.map((offer) => offer.offerId));
    for (const offerId of told) if (!standing.has(offerId)) told.delete(offerId);
    for (const { offer } of live) if (offer !== null) tell(offer);
    stand(nextDeadline);
  }

  async function ring(): Promise<void> {
    ringing = (unsure ? lookAgain() : pass(transitions.expire(clock.now()))).catch((error: unknown) => {
      log.warn({ err: error }, 'deadlines.delayed');
      unsure = true;
      stand(null);
    });
    await ringing;
  }

  function wake(): void {
    unsure = true;
    if (isHeard() && !closed) void ring();
  }
  redis.on('ready', wake);

  const now = (): number => clock.now();
  return {
    ...createReadings(run, now),
    onOffer: offerListeners.adder(wake),
    onChange: changeListeners.adder(wake),
    enqueue: (entry) => pass(transitions.enqueue(now(), entry)),
    leave: (callId) => pass(transitions.leave(now(), callId)),
    accept: (offerId) => pass(transitions.accept(now(), offerId)),
    miss: (offerId, reason) => pass(transitions.miss(now(), offerId, reason)),
    release: (callId, wrapUpSeconds) =>
      pass(transitions.release(now(), callId, Math.round(wrapUpSeconds * 1000))),
    requeue: (entry) => pass(transitions.requeue(now(), entry)),
    putExpert: (expertId, specialties) => pass(transitions.putExpert(now(), expertId, specialties)),
    removeExpert: (expertId) => pass(transitions.removeExpert(now(), expertId)),
    setIntent: (expertId, intent, reason, until) =>
      pass(transitions.setIntent(now(), expertId, intent, reason, until)),
    setReachable: (expertId, reachable) => pass(transitions.setReachable(now(), expertId, reachable)),
    close: async () => {
      closed = true;
      alarm.set(null);
      redis.off('ready', wake);
      await ringing;
    },
  };
}
