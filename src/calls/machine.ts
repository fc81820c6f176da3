import type { Call, CallEvent, Effect, Settings, State } from './call.ts';
import { STATES } from './call.ts';
import { closed } from './closed.ts';
import type { LedgerFact } from './ledger.ts';
import { greeting as greetingWords, recorded } from './phrases.ts';
import { dialling, due, inviting } from './callback.ts';
import { ended, greeting, hoursCheck, leaving, menu } from './reception.ts';
import { after, effect, LONGEST_WORDS_SECONDS, play, type Draft, type Row } from './table.ts';
import { talking, wrappingUp } from './talk.ts';
import { connecting, ringing } from './ringing.ts';
import { position, waiting } from './waiting.ts';

/** The option-8 call as a table: every state, and in it every event. */
export const TABLE: Readonly<Record<State, Row>> = {
  greeting,
  'hours-check': hoursCheck,
  menu,
  position,
  waiting,
  ringing,
  connecting,
  talking,
  'wrap-up': wrappingUp,
  closed,
  leaving,
  due,
  dialling,
  inviting,
  ended,
};

export interface Step {
  call: Call;
  effects: Effect[];
}

export type Arrival = Pick<Call, 'id' | 'channelId' | 'enteredAt' | 'caller'> & {
  /** Whereafter the numbers of ledger entries go on: 1, or above what an earlier process may have written. */
  firstSeq: number;
  facts: Extract<LedgerFact, { kind: 'call.entered' }>['data'];
};

/** A citizen has entered: the row comes first, then the greeting. */
export function begin(arrival: Arrival, settings: Settings, now: number): Step {
  const draft: Draft = { call: enters(arrival, 'greeting'), effects: [], settings, now };
  writeEntry(draft, arrival, 'citizen');
  play(draft, settings.recordTalks ? [...greetingWords, ...recorded] : greetingWords);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
  return { call: draft.call, effects: draft.effects };
}

/** What was promised to a citizen: to be called at a number, as if they had waited since. */
export interface Promised {
  callbackId: string;
  number: string;
  specialty: string;
  /** Of the call the promise was given in: its place in the queue. */
  score: number;
}

/** A promise is due: the row comes first, then it waits for an expert with the place of the call it was given in. */
export function beginCallback(arrival: Arrival, promised: Promised, settings: Settings, now: number): Step {
  const { callbackId, number, specialty, score } = promised;
  const callback = { id: callbackId, number, askings: 0 };
  const call = { ...enters(arrival, 'due'), specialty, score, queuedAt: now, callback };
  const draft: Draft = { call, effects: [], settings, now };
  writeEntry(draft, arrival, 'system');
  effect(draft, { do: 'join-queue' });
  return { call: draft.call, effects: draft.effects };
}

/** A call enters once: whoever writes it, an earlier process or the exchange's own row (handover.ts), writes number 1. */
function writeEntry(draft: Draft, { facts: data }: Arrival, actor: string): void {
  effect(draft, { do: 'record', entry: { kind: 'call.entered', data, seq: 1, actor } });
}

function enters({ id, channelId, enteredAt, caller, firstSeq }: Arrival, state: State): Call {
  return {
    ...{ id, channelId, enteredAt, caller },
    state,
    visit: 1,
    seq: firstSeq,
    specialty: null,
    queuedAt: null,
    score: null,
    menuMisses: 0,
    digit: null,
    playing: null,
    plays: 0,
    joined: false,
    joinFailures: 0,
    offer: null,
    attempts: 0,
    talk: null,
    window: null,
    listening: null,
    survey: null,
    closed: null,
    callback: null,
    ending: null,
    citizenGone: false,
  };
}

/** What was heard of late happened when it happened, but not before what the call knows of. */
function momentOf(call: Call, event: CallEvent, now: number): number {
  if (!('at' in event) || event.at === undefined) return now;
  const known = [call.enteredAt, call.queuedAt, call.offer?.madeAt, call.talk?.startedAt];
  return Math.min(now, Math.max(event.at, ...known.map((at) => at ?? 0)));
}

/** Pure: the next state of the call and what is to be done, in order. now: milliseconds since the epoch. */
export function step(call: Call, event: CallEvent, settings: Settings, now: number): Step {
  // A timer of a state that has been left; the same state entered anew is another visit.
  if (event.type === 'timer' && event.visit !== call.visit) return { call, effects: [] };
  const cell = TABLE[call.state][event.type];
  if ('ignore' in cell) return { call, effects: [] };
  const draft: Draft = { call, effects: [], settings, now: momentOf(call, event, now) };
  (cell.run as (draft: Draft, event: CallEvent) => void)(draft, event);
  return { call: draft.call, effects: draft.effects };
}

/** The table as a Mermaid state diagram; the README shows it and a test compares the two. */
export function diagram(): string {
  const lines = ['stateDiagram-v2', '  [*] --> greeting', '  [*] --> due'];
  for (const state of STATES) {
    const targets = new Map<State, string[]>();
    for (const [event, cell] of Object.entries(TABLE[state])) {
      if (!('to' in cell)) continue;
      for (const to of cell.to) targets.set(to, [...(targets.get(to) ?? []), event]);
    }
    for (const [to, events] of targets)
      lines.push(`  ${mermaid(state)} --> ${mermaid(to)}: ${events.join(', ')}`);
  }
  return [...lines, '  ended --> [*]'].join('\n');
}

/** Mermaid reads a hyphen in a name as part of an arrow. */
const mermaid = (state: State): string => state.replaceAll('-', '_');
