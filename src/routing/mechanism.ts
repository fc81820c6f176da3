import type { ExpertStatus, Held, Intent, MissReason, Offer, RoutingChange, Waiting } from './routing.ts';

/** The atomic transitions by name, as the Lua commands carry them out and the model imitates them. Pure types and figures. */

/** A transition's own result, and what it brought about in the same step. */
export interface Told<T> {
  result: T;
  offers: Offer[];
  changes: RoutingChange[];
  /** When `expire` next has something to do; null: nothing stands. */
  nextDeadline: number | null;
}

/** `now` comes first everywhere: the mechanism has no clock of its own. */
export interface Transitions {
  enqueue(now: number, entry: Waiting): Told<{ position: number }>;
  requeue(now: number, entry: Waiting): Told<{ position: number }>;
  resume(now: number, held: Held): Told<'resumed' | 'known' | 'taken'>;
  leave(now: number, callId: string): Told<{ cancelledOfferId: string | null }>;
  accept(now: number, offerId: string): Told<'accepted' | 'stale'>;
  miss(now: number, offerId: string, reason: MissReason): Told<void>;
  release(now: number, callId: string, wrapUpMs: number): Told<void>;
  /** levels: of the specialties, side by side, 1 to 5, 5 the best; the best where none is given. */
  putExpert(
    now: number,
    expertId: string,
    specialties: readonly string[],
    levels?: readonly number[],
  ): Told<void>;
  removeExpert(now: number, expertId: string): Told<void>;
  setIntent(
    now: number,
    expertId: string,
    intent: Intent,
    reason: string | null,
    until: number | null,
  ): Told<ExpertStatus>;
  setReachable(now: number, expertId: string, reachable: boolean): Told<void>;
  /** Ends what is due by now, at most a hundred deadlines at once. */
  expire(now: number): Told<void>;
  /** The rules have changed: looks at every queue anew. */
  reconsider(now: number): Told<void>;
}

/** Who may take whom, and from when. Given with every transition: Redis keeps none of it. */
export interface Rules {
  /**
   * How long a citizen waits, from the time that is the score, for each level an expert is below the best one at work. 0: at
   * once; the better one is asked first all the same.
   */
  levelStepMs: number;
  /**
   * A citizen who has waited so long goes before the older ones of other queues as long as fewer of the own experts are at calls
   * of the specialty than fall to it (an expert of n skills is divided by n). 0: the older one always goes first.
   */
  equityBoundMs: number;
  /** By the specialty that is helped. */
  overflow: Readonly<Record<string, readonly Overflow[]>>;
}

/** After so long, again from the score, also experts of another specialty may be asked, for whom none of its own citizens waits. */
export interface Overflow {
  helper: string;
  afterMs: number;
}

export const NO_RULES: Rules = { levelStepMs: 0, equityBoundMs: 0, overflow: {} };
export const BEST_LEVEL = 5;
/** An expert, counted for each of one to eight specialties in whole numbers. The Lua prelude holds the same. */
export const WHOLE = 840;

/** The same across a connection. */
export type AsyncTransitions = {
  [K in keyof Transitions]: (...args: Parameters<Transitions[K]>) => Promise<ReturnType<Transitions[K]>>;
};

export interface Policy {
  /** Offers in a row an expert may miss before being paused. */
  missesBeforePause: number;
  missPauseMs: number;
  /**
   * How long an expert is left alone after a miss, and at least between being joined to a talk that broke off and the next
   * offer. Without it a telephone that refuses at once, where nobody else is idle, would be rung in a circle.
   */
  restMs: number;
}

/** How much of the reason is kept with an offer. The Lua prelude holds the same two figures. */
export const CANDIDATES_KEPT = 10;
export const EXCLUDED_KEPT = 20;
/** Deadlines ended in one step: bounds how long Redis is held. */
export const EXPIRED_AT_ONCE = 100;
