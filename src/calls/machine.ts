import type { Call, CallEvent, Effect, Settings, State } from './call.ts';
import { STATES } from './call.ts';
import type { LedgerFact } from './ledger.ts';
import { greeting as greetingWords } from './phrases.ts';
import { ended, greeting, hoursCheck, leaving, LONGEST_WORDS_SECONDS, menu } from './reception.ts';
import { after, play, record, type Draft, type Row } from './table.ts';
import { talking, wrappingUp } from './talk.ts';
import { connecting, position, ringing, waiting } from './waiting.ts';

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
  leaving,
  ended,
};

export interface Step {
  call: Call;
  effects: Effect[];
}

export type Arrival = Pick<Call, 'id' | 'channelId' | 'enteredAt' | 'caller'> & {
  /** Number of the first ledger entry: 1, or above what an earlier process may have written. */
  firstSeq: number;
  facts: Extract<LedgerFact, { kind: 'call.entered' }>['data'];
};

/** A citizen has entered: the row comes first, then the greeting. */
export function begin(arrival: Arrival, settings: Settings, now: number): Step {
  const { facts, firstSeq, ...known } = arrival;
  const call: Call = {
    ...known,
    state: 'greeting',
    visit: 1,
    seq: firstSeq - 1,
    specialty: null,
    queuedAt: null,
    menuMisses: 0,
    digit: null,
    playing: null,
    plays: 0,
    joined: false,
    joinFailures: 0,
    offer: null,
    attempts: 0,
    talk: null,
    ending: null,
    citizenGone: false,
  };
  const draft: Draft = { call, effects: [], settings, now };
  record(draft, { kind: 'call.entered', data: facts }, 'citizen');
  play(draft, greetingWords);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
  return { call: draft.call, effects: draft.effects };
}

/** Pure: the next state of the call and what is to be done, in order. now: milliseconds since the epoch. */
export function step(call: Call, event: CallEvent, settings: Settings, now: number): Step {
  // A timer of a state that has been left; the same state entered anew is another visit.
  if (event.type === 'timer' && event.visit !== call.visit) return { call, effects: [] };
  const cell = TABLE[call.state][event.type];
  if ('ignore' in cell) return { call, effects: [] };
  const draft: Draft = { call, effects: [], settings, now };
  (cell.run as (draft: Draft, event: CallEvent) => void)(draft, event);
  return { call: draft.call, effects: draft.effects };
}

/** The table as a Mermaid state diagram; the README shows it and a test compares the two. */
export function diagram(): string {
  const lines = ['stateDiagram-v2', '  [*] --> greeting'];
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
