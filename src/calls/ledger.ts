/**
 * What is written down of a call. Entries are facts in the order they happened: (callId, seq) is unique and seq rises
 * (with gaps where a process was lost). The rows of calls, segments, offers and outcomes are projections of these entries.
 */
export type Ending =
  | 'answered'
  | 'callback'
  | 'voicemail'
  | 'self-served'
  | 'abandoned'
  | 'closed'
  | 'transferred-out'
  | 'failed';

export type OfferResult =
  'answered' | 'no-answer' | 'busy' | 'declined' | 'unreachable' | 'cancelled' | 'lost';

/**
 * Why a citizen could not be dialled, or did not answer. unreachable: our own trunk is not there; on-the-line: they are calling
 * us at this moment; lost: a fault of ours.
 */
export type DialFailure =
  | 'busy'
  | 'no-answer'
  | 'rejected'
  | 'unobtainable'
  | 'unreachable'
  | 'destination-refused'
  | 'on-the-line'
  | 'lost';
/**
 * What came of an attempt that did not lead to a talk. closed: outside of the hours; listed: as a nuisance, no expert may be
 * rung for this number; recalled: it is not wanted any more.
 */
export type AttemptResult =
  DialFailure | 'closed' | 'listed' | 'recalled' | 'postponed' | 'not-needed' | 'silent' | 'hung-up';

export type LedgerFact =
  | {
      kind: 'call.entered';
      data: {
        direction: 'inbound' | 'outbound';
        /** Asterisk's system name and the channel's unique id. */
        asteriskId: string;
        channelId: string;
        sipCallId: string | null;
        /**
         * How the citizen came: through the menu, or by the direct number. `fallback`: while no application was there.
         * `callback`: we call them; `caller` is the number we dial.
         */
        entry: 'menu' | 'direct' | 'fallback' | 'callback';
        callerReceived: string;
        caller: string | null;
        callerReason: 'withheld' | 'invalid' | 'erased' | null;
        enteredAt: string;
      };
    }
  | {
      kind: 'hours.checked';
      data: { specialty: string | null; open: boolean; reason: string; opensAt: string | null };
    }
  | { kind: 'menu.missed'; data: { digit: string | null; attempt: number } }
  | { kind: 'menu.chosen'; data: { specialty: string; by: 'digit' | 'default' } }
  /** The number is listed as a nuisance: a message may be left, no expert is rung. specialty: null outside of all hours. */
  | { kind: 'caller.listed'; data: { specialty: string | null } }
  | {
      kind: 'call.queued';
      data: {
        specialty: string;
        queuedAt: string;
        /** By this the queue is ordered, ms since the epoch. */
        score: number;
        position: number;
        /** How much earlier than queuedAt it is, for waits in vain before; missing: not for that reason. */
        headStartSeconds?: number;
      };
    }
  /** What the citizen was told of the wait, at a place; highMinutes null: only that it is more than that. */
  | {
      kind: 'wait.told';
      data: {
        toldAt: string;
        place: number;
        lowMinutes: number;
        highMinutes: number | null;
        /** Experts at work by which the range was reckoned. */
        staffed: number;
        /** Why it is more than was told before; null where it is not. */
        reason: 'staffing-fell' | null;
      };
    }
  /** As many waited as may: the citizen, who would have had this place, was offered a call back or a message instead. */
  | { kind: 'queue.full'; data: { specialty: string; position: number } }
  /** What the citizen gets instead of an expert now: as they wished, or since their queue has closed (`system`). */
  | { kind: 'wish.made'; data: { wish: 'callback' | 'message' } }
  | {
      kind: 'offer.made';
      data: {
        offerId: string;
        expertId: string;
        attempt: number;
        madeAt: string;
        why: Record<string, unknown>;
      };
    }
  | { kind: 'offer.ended'; data: { offerId: string; result: OfferResult; endedAt: string } }
  | { kind: 'call.answered'; data: { offerId: string; expertId: string; answeredAt: string } }
  /** The talk with this expert ended; by whom. The segment belongs to the expert who held it. */
  | {
      kind: 'segment.ended';
      data: { expertId: string; startedAt: string; endedAt: string; by: 'citizen' | 'expert' | 'fault' };
    }
  | {
      kind: 'call.ended';
      data: { ending: Ending; endedAt: string; state: string; cause: number | null; note: string | null };
    }
  /** Of the talk that came of this offer; a pause ends with the talk at the latest. */
  | { kind: 'recording.paused' | 'recording.resumed'; data: { offerId: string } }
  | { kind: 'wrap-up.ended'; data: { expertId: string; endedAt: string } }
  | { kind: 'outcome.set'; data: { code: string; note: string | null; followUp: boolean; setAt: string } }
  /** A citizen's mark for this expert's talk, 1 to 5, 5 is the best. */
  | { kind: 'survey.answered'; data: { score: number; expertId: string } }
  | {
      kind: 'message.kept';
      data: {
        recording: string;
        seconds: number;
        /** Of the sound. */
        bytes: number;
        sha256: string;
        /** Of the sealed file; earlier messages were kept in the clear. */
        keyId?: string;
        fileSha256?: string;
      };
    }
  /** A number the citizen keyed in to be called back at, as keyed; null: erased since. */
  | { kind: 'number.kept'; data: { number: string | null } }
  /** An attempt to call back that led to no talk. */
  | { kind: 'callback.tried'; data: { callbackId: string; result: AttemptResult } }
  | { kind: 'fault.met'; data: { code: string; state: string; detail: string } };

export type LedgerEntry = LedgerFact & {
  callId: string;
  seq: number;
  /** ISO 8601 with offset. */
  at: string;
  /** `system`, `citizen`, `expert:<id>` or `account:<id>`. */
  actor: string;
};

export interface Ledger {
  /** Resolves when the entry is durable outside this process (Redis or PostgreSQL); never waits for both. */
  append(entry: LedgerEntry): Promise<void>;
}
