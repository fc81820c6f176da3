import type { MissReason, OfferReason } from '../routing/routing.ts';
import type { Ending, LedgerFact } from './ledger.ts';

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
  'leaving',
  'ended',
] as const;
export type State = (typeof STATES)[number];

export interface LiveOffer {
  offerId: string;
  expertId: string;
  attempt: number;
}

export interface Talk {
  offerId: string;
  expertId: string;
  startedAt: number;
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
  /** Prompts of the menu that brought no usable digit. */
  menuMisses: number;
  /** The digit under way while the hours are asked for it. */
  digit: string | null;
  /** The playback that is sounding, and how many there were. */
  playing: string | null;
  plays: number;
  joined: boolean;
  joinFailures: number;
  offer: LiveOffer | null;
  /** Offers made so far. */
  attempts: number;
  talk: Talk | null;
  /** How the call ended; the citizen's leg is gone from then on, or being ended. */
  ending: Ending | null;
  citizenGone: boolean;
}

export type CallEvent =
  | { type: 'citizen-digit'; digit: string }
  | { type: 'citizen-gone'; cause: number | null }
  | { type: 'playback-finished'; playbackId: string }
  | { type: 'timer'; name: TimerName; visit: number }
  | {
      type: 'hours-told';
      specialty: string | null;
      open: boolean;
      reason: string;
      opensAt: string | null;
      words: readonly string[];
    }
  | { type: 'queue-joined'; position: number }
  | { type: 'queue-failed'; code: string; detail: string }
  | { type: 'position-told'; position: number | null }
  | { type: 'offered'; offer: LiveOffer & { madeAt: number; why: OfferReason } }
  | { type: 'expert-answered'; offerId: string }
  | { type: 'expert-failed'; offerId: string; reason: MissReason }
  | { type: 'accept-told'; offerId: string; accepted: boolean }
  | { type: 'bridged'; offerId: string }
  | { type: 'expert-gone'; offerId: string; cause: number | null }
  | { type: 'outcome-set'; expertId: string; code: string }
  | { type: 'wrap-up-ended'; expertId: string }
  /** The dialplan's message service has the citizen, and writes how the call ends. */
  | { type: 'handed-over' };

export const EVENTS = [
  'citizen-digit',
  'citizen-gone',
  'playback-finished',
  'timer',
  'hours-told',
  'queue-joined',
  'queue-failed',
  'position-told',
  'offered',
  'expert-answered',
  'expert-failed',
  'accept-told',
  'bridged',
  'expert-gone',
  'outcome-set',
  'wrap-up-ended',
  'handed-over',
] as const satisfies readonly CallEvent['type'][];

export type TimerName =
  'silence' | 'repeat-position' | 'no-answer' | 'join-again' | 'last-words' | 'wrap-up-over';

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
  | { do: 'ring'; offer: LiveOffer }
  | { do: 'stop-ringing'; offerId: string }
  | { do: 'accept'; offerId: string }
  | { do: 'miss'; offerId: string; reason: MissReason }
  | { do: 'bridge'; offerId: string }
  /** legGone: the expert's channel has been destroyed already. */
  | { do: 'end-talk'; offerId: string; legGone?: true }
  | { do: 'release'; wrapUpSeconds: number }
  | { do: 'hang-up-citizen' }
  | { do: 'to-fallback' };

export interface Settings {
  /** Digit of the menu → specialty. */
  specialties: Readonly<Record<string, string>>;
  defaultSpecialty: string;
  menuPrompts: number;
  menuTimeoutSeconds: number;
  ringSeconds: number;
  wrapUpSeconds: number;
  positionRepeatSeconds: number;
}
