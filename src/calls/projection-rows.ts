import type { Ending, OfferResult } from './ledger.ts';

/** Everything that follows from a call's ledger entries, in the tables' own column names. Times: ISO 8601 with offset. */
export interface Projection {
  call: CallProjection;
  offers: OfferProjection[];
  segments: SegmentProjection[];
  outcomes: OutcomeProjection[];
  recordings: RecordingProjection[];
}

export type CallState = 'greeting' | 'menu' | 'queued' | 'ringing' | 'talking' | 'wrap-up' | 'ended';

export interface CallProjection {
  id: string;
  direction: 'inbound' | 'outbound';
  asterisk_id: string | null;
  channel_id: string | null;
  sip_call_id: string | null;
  entry: 'menu' | 'direct' | 'fallback';
  caller: string | null;
  caller_received: string;
  caller_reason: 'withheld' | 'invalid' | null;
  keyed_number: string | null;
  specialty: string | null;
  entered_at: string;
  queued_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  state: CallState;
  ending: Ending | null;
  hangup_cause: number | null;
  expert_id: string | null;
}

export interface OfferProjection {
  id: string;
  call_id: string;
  expert_id: string;
  attempt: number;
  made_at: string;
  why: Record<string, unknown>;
  result: OfferResult | null;
  ended_at: string | null;
}

export interface SegmentProjection {
  call_id: string;
  position: number;
  offer_id: string | null;
  expert_id: string;
  started_at: string;
  ended_at: string | null;
  ended_by: 'citizen' | 'expert' | 'fault' | null;
}

export interface OutcomeProjection {
  call_id: string;
  seq: number;
  code: string;
  note: string | null;
  follow_up: boolean;
  set_at: string;
  actor: string;
}

export interface RecordingProjection {
  call_id: string;
  seq: number;
  kind: 'message';
  path: string;
  bytes: number;
  seconds: number;
  sha256: string;
  created_at: string;
}
