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

export type LedgerFact =
  | {
      kind: 'call.entered';
      data: {
        direction: 'inbound' | 'outbound';
        /** Asterisk's system name and the channel's unique id. */
        asteriskId: string;
        channelId: string;
        sipCallId: string | null;
        /** How the citizen came: through the menu, or by the direct number. `fallback`: while no application was there. */
        entry: 'menu' | 'direct' | 'fallback';
        callerReceived: string;
        caller: string | null;
        callerReason: 'withheld' | 'invalid' | null;
        enteredAt: string;
      };
    }
  | {
      kind: 'hours.checked';
      data: { specialty: string | null; open: boolean; reason: string; opensAt: string | null };
    }
  | { kind: 'menu.missed'; data: { digit: string | null; attempt: number } }
  | { kind: 'menu.chosen'; data: { specialty: string; by: 'digit' | 'default' } }
  | { kind: 'call.queued'; data: { specialty: string; queuedAt: string; score: number; position: number } }
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
  | { kind: 'wrap-up.ended'; data: { expertId: string; endedAt: string } }
  | { kind: 'outcome.set'; data: { code: string; note: string | null; followUp: boolean; setAt: string } }
  | { kind: 'message.kept'; data: { recording: string; seconds: number; bytes: number; sha256: string } }
  /** A number the citizen keyed in to be called back at, as keyed. */
  | { kind: 'number.kept'; data: { number: string } }
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
