import type { Call, CallEvent, Effect, Settings, State } from './call.ts';
import { EVENTS } from './call.ts';
import type { LedgerFact } from './ledger.ts';

/**
 * What a table of states is made of. An arrow names the states it may lead to, so that the diagram in the README is
 * drawn from the very table that runs; an event without an arrow is ignored on purpose, with its reason.
 */

type Of<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;
type Handler<T extends CallEvent['type']> = (draft: Draft, event: Of<T>) => void;

export interface Arrow<T extends CallEvent['type'] = CallEvent['type']> {
  to: readonly State[];
  run: Handler<T>;
}

export interface Ignored {
  ignore: string;
}

/** One state: for every event either an arrow or the reason why it means nothing here. */
export type Row = { [T in CallEvent['type']]: Arrow<T> | Ignored };

/** `stay` in an arrow's list of states means: no new visit. */
export function arrow<T extends CallEvent['type']>(to: readonly State[], run: Handler<T>): Arrow<T> {
  return { to, run };
}

/** The row of a state: its arrows, and one reason for ignoring all else. */
export function row(arrows: Partial<Row>, ignoreOthers: string): Row {
  const all = EVENTS.map((event) => [event, arrows[event] ?? { ignore: ignoreOthers }] as const);
  return Object.fromEntries(all) as unknown as Row;
}

/** If Asterisk never tells that words are over, the call goes on after this time all the same. */
export const LONGEST_WORDS_SECONDS = 60;

/** The call being stepped and the effects gathered so far. */
export interface Draft {
  call: Call;
  effects: Effect[];
  settings: Settings;
  now: number;
}

export function go(draft: Draft, state: State): void {
  draft.call = { ...draft.call, state, visit: draft.call.visit + 1 };
}

export function change(draft: Draft, fields: Partial<Omit<Call, 'state' | 'visit'>>): void {
  draft.call = { ...draft.call, ...fields };
}

export function effect(draft: Draft, next: Effect): void {
  draft.effects.push(next);
}

/** Writes a fact into the call's story under the next number. */
export function record(draft: Draft, fact: LedgerFact, actor = 'system'): void {
  const seq = draft.call.seq + 1;
  change(draft, { seq });
  effect(draft, { do: 'record', entry: { ...fact, seq, actor } });
}

/** Playbacks of a call have so many names in turn, so that all of them can be stopped by who knows nothing but the call. */
const PLAYBACK_NAMES = 8;
const playbackName = (callId: string, plays: number): string => `pb-${callId}-${plays % PLAYBACK_NAMES}`;

export const playbackNames = (callId: string): string[] =>
  Array.from({ length: PLAYBACK_NAMES }, (_, n) => playbackName(callId, n));

/** Starts words; what was sounding is cut off. */
export function play(draft: Draft, sounds: readonly string[]): void {
  hush(draft);
  const playbackId = playbackName(draft.call.id, draft.call.plays + 1);
  change(draft, { playing: playbackId, plays: draft.call.plays + 1 });
  effect(draft, { do: 'play', playbackId, sounds });
}

export function hush(draft: Draft): void {
  if (draft.call.playing !== null) effect(draft, { do: 'stop-playing', playbackId: draft.call.playing });
  change(draft, { playing: null });
}

/** True when these are the words now sounding; they are then over. */
export function finished(draft: Draft, playbackId: string): boolean {
  if (draft.call.playing !== playbackId) return false;
  change(draft, { playing: null });
  return true;
}

/** Sets a timer of the present visit. */
export function after(draft: Draft, seconds: number, name: Extract<Effect, { do: 'timer' }>['name']): void {
  effect(draft, { do: 'timer', name, visit: draft.call.visit, seconds });
}

export const iso = (ms: number): string => new Date(ms).toISOString();
