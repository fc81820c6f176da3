import type { Ending, OfferResult } from './ledger.ts';

/** Everything that follows from a call's ledger entries, in the tables' own column names. Times: ISO 8601 with offset. */
export interface Projection {
  call: CallProjection;
  offers: OfferProjection[];
  segments: SegmentProjection[];
  outcomes: OutcomeProjection[];
  recordings: RecordingProjection[];
  promise: PromiseProjection | null;
}

export type CallState = 'greeting' | 'menu' | 'queued' | 'ringing' | 'talking' | 'wrap-up' | 'ended';

export interface CallProjection {
  id: string;
  direction: 'inbound' | 'outbound';
  asterisk_id: string | null;
  channel_id: string | null;
  sip_call_id: string | null;
  entry: 'menu' | 'direct' | 'fallback' | 'callback';
  caller: string | null;
  caller_received: string;
  caller_reason: 'withheld' | 'invalid' | 'erased' | null;
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
  survey_score: number | null;
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
  survey_score: number | null;
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
  key_id: string | null;
  file_sha256: string | null;
  created_at: string;
}

/** What the citizen is owed after a call that did not reach its end. */
export interface PromiseProjection {
  call_id: string;
  reason: 'failed' | 'callback' | 'voicemail';
  /** Where to be called: as keyed, else the caller's own; null where the caller has withheld it. */
  number: string | null;
  specialty: string | null;
  made_at: string;
}
