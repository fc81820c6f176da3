/** Who speaks with whom, as the other rooms see it. Times are milliseconds since the epoch. */

/** An expert asked to take one waiting citizen. */
export interface Offer {
  offerId: string;
  callId: string;
  expertId: string;
  specialty: string;
  madeAt: number;
  /** Counts this call's offers from 1. */
  attempt: number;
  /** Why this expert: who else could have been asked, and who could not. */
  why: OfferReason;
}

export interface OfferReason {
  /**
   * same-expert-again: the talk with this very expert broke off a moment ago. overflow: the experts of another specialty help
   * out, to whom the candidates belong. equity: has waited for the bound, and went before an older citizen of another queue who
   * has had more than falls to it.
   */
  rule: 'longest-waiting-to-longest-idle' | 'same-expert-again' | 'overflow' | 'equity';
  waitedMs: number;
  position: number;
  /** Ready experts with the skill, the chosen one first, the others by level and idle time (at most 10 are kept). */
  candidates: { expertId: string; idleMs: number }[];
  /** Experts with the skill who could not be asked (at most 20 are kept). */
  excluded: { expertId: string; because: Exclusion }[];
}

/** resting: has just let it ring, and is asked again only after a breath. */
export type Exclusion = 'paused' | 'offline' | 'unreachable' | 'ringing' | 'talking' | 'wrap-up' | 'resting';

export type Intent = 'ready' | 'paused' | 'offline';
/** What an expert is doing this second. */
export type Activity = 'idle' | 'ringing' | 'talking' | 'wrap-up';
export type MissReason = 'no-answer' | 'busy' | 'declined' | 'unreachable' | 'lost';

export interface ExpertStatus {
  expertId: string;
  intent: Intent;
  /** Why paused, e.g. `break`, `missed-offers`; null otherwise. */
  reason: string | null;
  /** When the pause ends by itself; null = when the expert says so. */
  pausedUntil: number | null;
  /** Registered telephone. */
  reachable: boolean;
  activity: Activity;
  /**
   * Since when the activity lasts. For idle experts the idle time counts from here: from the last call's end, or from when
   * they last became ready or reachable, or from their last miss. A ring the citizen ended leaves it as it was.
   */
  since: number;
  /** The call rung for, talked in, or wrapped up. */
  callId: string | null;
  wrapUpUntil: number | null;
  /** After a missed offer or a broken-off talk nothing is offered before this moment; null otherwise. */
  restUntil: number | null;
  misses: number;
  specialties: string[];
}

export interface QueueStatus {
  specialty: string;
  waiting: number;
  longestWaitMs: number;
  /** Experts who may be asked this second; one who rests a moment after a miss counts nowhere. */
  ready: number;
  ringing: number;
  talking: number;
  wrapUp: number;
  paused: number;
}

/** Told when routing itself changed an expert's presence: misses, the end of a pause, the end of wrap-up. */
export type RoutingChange =
  | { type: 'paused'; expertId: string; reason: string; until: number; at: number }
  | { type: 'pause-ended'; expertId: string; at: number }
  | { type: 'wrap-up-ended'; expertId: string; callId: string; at: number };

/** From when which experts may take a citizen: before `until` this one only, from then on whoever has the skill. */
export interface Window {
  expertId: string;
  until: number;
}

/** A citizen in the queue of a specialty. */
export interface Waiting {
  callId: string;
  specialty: string;
  /** Lower is served first; ties by callId. */
  score: number;
  queuedAt: number;
  /** Offers made for this call so far, so that their numbers go on even if Redis was emptied. Default 0. */
  attempts?: number;
  /** Stands only while the expert is on the roster and wants calls; null: anybody may be asked. Default null. */
  window?: Window | null;
}

/** onlyExpert: whose window stands. */
export type WaitingRow = Pick<Waiting, 'callId' | 'specialty' | 'score'> & { onlyExpert?: string };

/** A citizen for whom an expert is being rung, or who talks with one, as the call itself knows it. */
export interface Held extends Waiting {
  activity: 'ringing' | 'talking';
  offerId: string;
  expertId: string;
  /** Since when it rings, or they talk. */
  since: number;
}

/** The part that changes nothing: any process may read. */
export type RoutingReader = Pick<
  Routing,
  'position' | 'expert' | 'experts' | 'queues' | 'reservations' | 'waiting'
>;

export interface Routing {
  /**
   * Every offer made by any transition below, to be acted on at once (ring, then accept or miss).
   * Offers are told after the transition's promise has resolved or while it resolves; order per call holds.
   */
  onOffer(listener: (offer: Offer) => void): () => void;
  onChange(listener: (change: RoutingChange) => void): () => void;

  /**
   * The citizen waits. Idempotent per callId: the first place stands. Returns the place, from 1.
   * @throws `call-talking`: the call is in a talk, from which requeue brings it back.
   */
  enqueue(entry: Waiting): Promise<{ position: number }>;
  /**
   * The citizen no longer waits (gone, or turned elsewhere). Frees the expert of a live offer, who stays as long idle as
   * before the ring; returns that offer's id. Ends no talk.
   */
  leave(callId: string): Promise<{ cancelledOfferId: string | null }>;
  /** The expert answered. `stale`: the offer no longer stands (citizen gone, missed, another took it): hang up the expert. */
  accept(offerId: string): Promise<'accepted' | 'stale'>;
  /**
   * The offer came to nothing; the citizen keeps the place and is offered on at once. Stale offers are ignored.
   * The expert's idle time begins anew after a short rest, in which nothing is offered: otherwise a telephone that refuses
   * at once would be rung in a circle where nobody else is idle. `no-answer`, `busy` and `declined` count towards the
   * pause; `lost` does not (a fault of the line); `unreachable` takes the expert for unreachable instead.
   */
  miss(offerId: string, reason: MissReason): Promise<void>;
  /** The talk of this call is over; its expert wraps up for wrapUpSeconds (0: idle at once). Idempotent. */
  release(callId: string, wrapUpSeconds: number): Promise<void>;
  /**
   * The expert's talk broke off by a fault, or nobody knows what became of an offer: the expert is freed, the citizen waits
   * again with the old score, in the window of the entry. Within a few seconds of the answer the same expert is not asked
   * again at once.
   */
  requeue(entry: Waiting): Promise<{ position: number }>;
  /**
   * Puts back a ring or a talk that goes on in the exchange and that a Redis which was emptied knows nothing of. `known`: the
   * call is there already, and nothing changes. `taken`: the expert is at another call by now. An expert who is not on the
   * roster yet is there for this call alone until putExpert.
   */
  resume(held: Held): Promise<'resumed' | 'known' | 'taken'>;
  position(callId: string): Promise<number | null>;

  /**
   * Adds or replaces an expert's skills; does not touch what the expert is doing. Empty list: no more offers. levels: of the
   * specialties, side by side, 1 to 5, 5 the best and the default.
   */
  putExpert(expertId: string, specialties: readonly string[], levels?: readonly number[]): Promise<void>;
  /** Idle or ringing: gone at once, a citizen rung for is offered on. In a talk or wrap-up: gone after it. */
  removeExpert(expertId: string): Promise<void>;
  /** Ready during wrap-up ends the wrap-up. Paused or offline while ringing or talking takes effect afterwards. @throws `expert-unknown` */
  setIntent(
    expertId: string,
    intent: Intent,
    reason: string | null,
    until: number | null,
  ): Promise<ExpertStatus>;
  /** A telephone registered or vanished. Vanished while ringing: the offer is missed as `unreachable` at once. @throws `expert-unknown` */
  setReachable(expertId: string, reachable: boolean): Promise<void>;

  /** The rules have changed: who may be offered now is offered. */
  reconsider(): Promise<void>;

  expert(expertId: string): Promise<ExpertStatus | null>;
  experts(): Promise<ExpertStatus[]>;
  queues(specialties: readonly string[]): Promise<QueueStatus[]>;
  /** Live reservations (offers, talks) for reconciliation and for tests that nothing is left over. */
  reservations(): Promise<
    { callId: string; expertId: string; offerId: string; activity: 'ringing' | 'talking' }[]
  >;
  waiting(): Promise<WaitingRow[]>;
  close(): Promise<void>;
}
