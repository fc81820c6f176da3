import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { codeOf } from '../platform/fault.ts';
import { isReady } from '../platform/redis.ts';
import { createAlarm } from './alarm.ts';
import { createListeners } from './listeners.ts';
import type { Told } from './mechanism.ts';
import type { Standing } from './rows.ts';
import type { Offer, RoutingChange } from './routing.ts';

/** Passes on what transitions brought about, and starts the one transition nobody asks for: the end of deadlines. */
export interface Teller {
  onOffer: (listener: (offer: Offer) => void) => () => void;
  onChange: (listener: (change: RoutingChange) => void) => () => void;
  /** Tells what came of a transition, in the order in which Redis answered, and returns its own result. */
  pass: <T>(transition: Promise<Told<T>>) => Promise<T>;
  close: () => Promise<void>;
}

export interface TellerDeps {
  redis: Redis;
  clock: Clock;
  log: Log;
  read: () => Promise<Standing>;
  expire: () => Promise<Told<void>>;
  /** A transition by which a Redis that has lost something is met, before it is believed. */
  check?: (() => Promise<Told<void>>) | undefined;
  /** Whether deadlines may be acted upon: after a standstill only when what was told meanwhile has been handled. */
  mayAct?: (() => boolean | Promise<boolean>) | undefined;
  /** What stood before this process: not told, whoever takes up those calls requeues them. */
  before: Standing;
}

/** After an answer of Redis was lost: what was asked may still be under way. */
const LOOK_AFTER_MS = 200;
/** Far more than can be live at once: one per expert. */
const TOLD_KEPT = 10_000;

export function createTeller({ redis, clock, log, read, expire, check, mayAct, before }: TellerDeps): Teller {
  const offers = createListeners<Offer>(log);
  const changes = createListeners<RoutingChange>(log);
  const told = new Set(before.live.map((offer) => offer.offerId));
  const alarm = createAlarm(clock, act);
  let closed = false;
  /** An answer of Redis, and with it an offer or the earliest deadline, may have been missed: when to look; null: none was. */
  let lookAt: number | null = null;
  /** Whether it is waited for that deadlines may be acted upon. */
  let asked = false;
  /** Whether Redis was away and has not been met since. */
  let returned = false;
  let underWay: Promise<void> = Promise.resolve();

  /** Before anybody listens nobody could act on what comes of a deadline. */
  const isHeard = (): boolean => !closed && offers.count() + changes.count() > 0;

  /** deadline: the earliest, as far as it is known. */
  function stand(deadline: number | null): void {
    if (!isHeard()) return;
    if (lookAt === null) alarm.set(deadline);
    // A Redis that is away tells when it is back; one that is there and did not answer is asked again. Not later for every
    // transition that comes between: on a busy line that would be never.
    else alarm.set(isReady(redis) ? lookAt : null);
  }

  function tell(offer: Offer): void {
    if (offers.count() === 0 || told.has(offer.offerId)) return;
    told.add(offer.offerId);
    const [oldest] = told;
    if (told.size > TOLD_KEPT && oldest !== undefined) told.delete(oldest);
    offers.tell(offer);
  }

  async function pass<T>(transition: Promise<Told<T>>): Promise<T> {
    let answer: Told<T>;
    try {
      answer = await transition;
    } catch (error) {
      if (codeOf(error) === 'redis-failed') doubt();
      throw error;
    }
    for (const change of answer.changes) changes.tell(change);
    for (const offer of answer.offers) tell(offer);
    stand(answer.nextDeadline);
    return answer.result;
  }

  /** Finds offers that stand in Redis and that nobody here was told of. A Redis that has lost something is met first. */
  async function lookAgain(): Promise<void> {
    if (returned && check !== undefined) await pass(check());
    returned = false;
    const { live, nextDeadline } = await read();
    lookAt = null;
    for (const { offer } of live) if (offer !== null) tell(offer);
    stand(nextDeadline);
  }

  function act(): void {
    if (asked) return;
    const may = mayAct?.() ?? true;
    if (typeof may === 'boolean') return may ? decide() : undefined;
    asked = true;
    void may.then((still) => {
      asked = false;
      if (still && !closed) decide();
    });
  }

  function decide(): void {
    underWay = (lookAt === null ? pass(expire()) : lookAgain()).catch((error: unknown) => {
      log.warn({ err: error }, 'deadlines.delayed');
      lookAt = null;
      doubt();
    });
  }

  function doubt(): void {
    lookAt ??= clock.now() + LOOK_AFTER_MS;
    stand(null);
  }

  function wake(): void {
    lookAt ??= clock.now();
    if (isHeard()) act();
  }
  function meet(): void {
    returned = true;
    wake();
  }
  redis.on('ready', meet);

  return {
    onOffer: offers.adder(wake),
    onChange: changes.adder(wake),
    pass,
    close: async () => {
      closed = true;
      alarm.set(null);
      redis.off('ready', meet);
      await underWay;
    },
  };
}
