import type { MissReason, OfferReason, Window } from '../routing/routing.ts';
import type { WaitEstimate } from '../routing/wait-range.ts';
import type { DialFailure, Ending, LedgerFact } from './ledger.ts';

/** The call as a value: its states, what can happen to it, and what is to be done about it. Times: ms since the epoch. */

export const STATES = [
  'greeting',
  'hours-check',
  'menu',
  'position',
  'waiting',
  'ringing',
  'connecting',
  'talking',
  'wrap-up',
  'closed',
  'leaving',
  'due',
  'dialling',
  'inviting',
  'ended',
] as const;
export type State = (typeof STATES)[number];

export interface LiveOffer {
  offerId: string;
  expertId: string;
  attempt: number;
  /** Milliseconds since the epoch; calls saved by older versions lack it. */
  madeAt?: number;
}

export interface Talk {
  offerId: string;
  expertId: string;
  startedAt: number;
}

/** The range of the wait that was last told. */
export interface ToldWait {
  lowMinutes: number;
  /** null: no end can be told. */
  highMinutes: number | null;
  /** Experts at work when this range was reckoned. */
  staffed: number;
  at: number;
}

/** A citizen whom we call: for which promise, at which E.164 number, and how often they were asked what they want. */
export interface Callback {
  id: string;
  number: string;
  askings: number;
}

export interface Call {
  id: string;
  state: State;
  /** Counts the states entered; a timer set in an earlier visit carries that visit's number and is ignored. */
  visit: number;
  /** Of the last ledger entry. */
  seq: number;
  channelId: string;
  enteredAt: number;
  caller: string | null;
  specialty: string | null;
  queuedAt: number | null;
  /** The place in the queue where it is older than the waiting: that of the call we call back for, or by a head start. */
  score: number | null;
  /** How much earlier than the queueing the score is, for waits in vain before; missing: none. */
  headStartSeconds?: number;
  /** The lowest place told so far: none told later is higher. */
  toldPlace?: number;
  /** Prompts of the menu that brought no usable digit. */
  menuMisses: number;
  /** The digit under way while the hours are asked for it. */
  digit: string | null;
  /** The playback that is sounding, and how many there were. */
  playing: string | null;
  plays: number;
  joined: boolean;
  joinFailures: number;
  /** What was said of the wait; missing where nothing was yet. */
  toldWait?: ToldWait;
  offer: LiveOffer | null;
  /** Offers made so far. */
  attempts: number;
  talk: Talk | null;
  /** In the queue again after a talk that broke off: who may be asked first. */
  window: Window | null;
  /** The expert's telephone has vanished in the talk: their voice's packets by the last count (null: none yet), and counts. */
  listening: { packets: number | null; counts: number } | null;
  /** The citizen is being asked about the talk (see survey.ts): how often so far, and until when a key is waited for in silence. */
  survey: { askings: number; until: number | null } | null;
  /** Nobody answers at this hour, and what there is instead is being offered: how often so far, and since when. */
  closed: { askings: number; since: number } | null;
  /** On the way to the exchange's message service, and how often it was asked to take the citizen; missing: not. */
  service?: { wish: Wish | 'full' | null; tries: number };
  /** null: the citizen has called us. */
  callback: Callback | null;
  /** How the call ended; the citizen's leg is gone from then on, or being ended. */
  ending: Ending | null;
  citizenGone: boolean;
  /** The citizen has heard to its end that talks are recorded. Without it none is. */
  announced?: true;
}

/**
 * How long it will still be, where that is known; nobodyAtWork: no expert is there who could be offered this call, now or after
 * a talk; tooLate: beyond the end of the hours, and when it opens again.
 */
export interface Prospect {
  wait?: WaitEstimate | null;
  nobodyAtWork?: true;
  tooLate?: readonly string[];
}

/** at: when it happened, by our clock; left out where that is now, or nobody knows. */
export type CallEvent =
  | { type: 'citizen-digit'; digit: string }
  | { type: 'citizen-gone'; cause: number | null; at?: number }
  /** Asterisk was started anew, or hung up by itself: it is not the citizen who has left. */
  | { type: 'exchange-lost' }
  /** unheard: they may not have sounded at all, or not to their end. */
  | { type: 'playback-finished'; playbackId: string; unheard?: true }
  | { type: 'timer'; name: TimerName; visit: number }
  | {
      type: 'hours-told';
      specialty: string | null;
      open: boolean;
      reason: string;
      opensAt: string | null;
      words: readonly string[];
      /** The caller's number, or the one to be dialled, is listed as a nuisance (src/nuisance/). */
      listed?: true;
    }
  /** The specialty the citizen waits for is open no longer. words: why, and when it opens again. */
  | { type: 'closes'; reason: string; opensAt: string | null; words: readonly string[] }
  /** Told before the queue is joined, and but once: waits in vain before give a place so much earlier. */
  | { type: 'head-start'; seconds: number }
  | ({ type: 'queue-joined'; position: number } & Prospect)
  | { type: 'queue-failed'; code: string; detail: string }
  | ({ type: 'position-told'; position: number | null } & Prospect)
  | { type: 'offered'; offer: LiveOffer & { madeAt: number; why: OfferReason } }
  | { type: 'expert-answered'; offerId: string }
  | { type: 'expert-failed'; offerId: string; reason: MissReason }
  | { type: 'accept-told'; offerId: string; accepted: boolean }
  | { type: 'bridged'; offerId: string; at?: number }
  /** unheard: nobody was here to hear of it, so that it may have been a fault as well as a hang-up. */
  | { type: 'expert-gone'; offerId: string; cause: number | null; unheard?: true; at?: number }
  /** The telephone of the expert in the talk answers nothing any more, or has left. */
  | { type: 'telephone-vanished'; offerId: string }
  /** packets: of the expert's voice so far; null: not to be told, or there need not be any, as they hold. */
  | { type: 'packets-told'; offerId: string; packets: number | null }
  /** The recording of the talk was paused, or goes on. */
  | { type: 'recording-switched'; offerId: string; paused: boolean; actor: string }
  /** Whom we have called has taken the call. */
  | { type: 'citizen-answered' }
  | { type: 'dial-failed'; reason: DialFailure }
  /** The attempt is not wanted any more; who is on the line already is not hung up upon. */
  | { type: 'recalled' }
  | { type: 'outcome-set'; expertId: string; code: string }
  | { type: 'wrap-up-ended'; expertId: string }
  /** The dialplan has the citizen, or has let them go. kept: it also tells how the call ends. */
  | { type: 'handed-over'; kept: boolean };

/** What a citizen may have instead of waiting on: a call back, or a message left. */
export type Wish = 'callback' | 'message';

export const EVENTS = [
  'citizen-digit',
  'citizen-gone',
  'exchange-lost',
  'playback-finished',
  'timer',
  'hours-told',
  'closes',
  'head-start',
  'queue-joined',
  'queue-failed',
  'position-told',
  'offered',
  'expert-answered',
  'expert-failed',
  'accept-told',
  'bridged',
  'expert-gone',
  'telephone-vanished',
  'packets-told',
  'recording-switched',
  'citizen-answered',
  'dial-failed',
  'recalled',
  'outcome-set',
  'wrap-up-ended',
  'handed-over',
] as const satisfies readonly CallEvent['type'][];

export type TimerName =
  'silence' | 'repeat-position' | 'no-answer' | 'join-again' | 'listen-again' | 'last-words' | 'wrap-up-over';

export type Effect =
  | { do: 'record'; entry: LedgerFact & { seq: number; actor: string } }
  | { do: 'play'; playbackId: string; sounds: readonly string[] }
  | { do: 'stop-playing'; playbackId: string }
  | { do: 'music'; on: boolean }
  | { do: 'timer'; name: TimerName; visit: number; seconds: number }
  | { do: 'ask-hours'; specialty: string | null }
  | { do: 'join-queue' }
  | { do: 'rejoin-queue' }
  | { do: 'leave-queue' }
  | { do: 'ask-position' }
  /** The citizen's telephone, at the number of the callback. */
  | { do: 'dial' }
  | { do: 'ring'; offer: LiveOffer }
  | { do: 'stop-ringing'; offerId: string }
  | { do: 'accept'; offerId: string }
  | { do: 'miss'; offerId: string; reason: MissReason }
  | { do: 'bridge'; offerId: string }
  | { do: 'count-packets'; offerId: string }
  /** legGone: the expert's channel has been destroyed already. */
  | { do: 'end-talk'; offerId: string; legGone?: true }
  /** Begins to record the talk, or goes on: the same talk is recorded once. */
  | { do: 'record-talk'; offerId: string }
  | { do: 'release'; wrapUpSeconds: number }
  | { do: 'hang-up-citizen' }
  /** To the dialplan's message service; wish: why the citizen goes there of their own accord. full: as many wait as may. */
  | { do: 'to-fallback'; wish: Wish | 'full' | null };

export interface Settings {
  /** Digit of the menu → specialty. */
  specialties: Readonly<Record<string, string>>;
  defaultSpecialty: string;
  menuPrompts: number;
  menuTimeoutSeconds: number;
  ringSeconds: number;
  /** How long a citizen's telephone rings whom we call back. */
  dialSeconds: number;
  wrapUpSeconds: number;
  positionRepeatSeconds: number;
  /** How many may wait for one specialty; null or none: as many as come. */
  queueCap?: number | null;
  /** After a talk that broke off, how long only the same expert is asked; 0: anybody at once. */
  sameExpertSeconds: number;
  /** Talks at least so long are asked about once the expert has hung up; null: none is. */
  surveyMinTalkSeconds: number | null;
  /** Talks are recorded of who was told so. */
  recordTalks: boolean;
  /** Whom we may call back: see mayBeDialled. */
  destinations: string;
}
