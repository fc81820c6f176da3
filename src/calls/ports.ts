import type { Telephony } from '../asterisk/telephony.ts';
import type { References } from '../cases/references.ts';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import type { Recorder } from '../recordings/recorder.ts';
import type { Routing } from '../routing/routing.ts';
import type { WaitEstimates } from '../routing/wait-estimates.ts';
import type { Call, CallEvent, Effect } from './call.ts';
import type { EntryDeps } from './queue-entry.ts';
import type { Ledger } from './ledger.ts';

/** What the effects of a call are carried out with, and how who carries them out is asked. */

/** How citizens are dialled. */
export interface DialPlan {
  /** Name of the exchange's outbound trunk; '': there is none. */
  trunk: string;
  /** Whether this E.164 number may be dialled at all. */
  allows: (number: string) => boolean;
  /** The number as the trunk wants it. */
  dialled: (number: string) => string;
  ringSeconds: number;
}

export interface EffectDeps extends EntryDeps {
  telephony: Telephony;
  routing: Routing;
  /** Without them the place is all that is told. */
  waits?: WaitEstimates;
  hours: Pick<Hours, 'check'>;
  /** Whether a number is listed as a nuisance, from memory; without it none is. */
  isListed?: (number: string) => boolean;
  /** Without them the citizen is not told how the case will be known. */
  references?: References;
  ledger: Ledger;
  clock: Clock;
  log: Log;
  zone: string;
  ringSeconds: number;
  /** From when on who will not be served before the end of the hours hears of it, and how long after it they still are. */
  closing: { noticeMs: number; graceMs: number };
  callerId: string;
  callbacks: DialPlan & {
    /** Whether the citizen is calling us at this moment. */
    isHere: (number: string) => boolean;
  };
  recorder: Pick<Recorder, 'begin' | 'end'>;
  /** Repeats what failed until it succeeds, outside the call's own inbox. */
  later: (work: () => Promise<unknown>) => void;
}

export type Act = Exclude<Effect, { do: 'timer' }>;
export type Do<K extends Act['do']> = (
  call: Call,
  effect: Act & { do: K },
  reply: (event: CallEvent) => void,
) => Promise<unknown>;
/** Whoever carries out these effects. */
export type Doing<K extends Act['do']> = { [One in K]: Do<One> };

/** What every line of a call begins with. */
export const about = ({ id, state, visit }: Call) => ({ callId: id, state, visit });
