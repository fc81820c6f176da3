import type { LedgerEntry, LedgerFact } from './ledger.ts';
import type {
  CallProjection,
  CallState,
  OfferProjection,
  OutcomeProjection,
  Projection,
  PromiseProjection,
} from './projection-rows.ts';

/*
 * The rows that follow from a call's ledger entries: a pure fold over all entries of one call, so that the result does
 * not depend on how the entries arrived: one by one, in batches, twice, or with an earlier one late.
 */

type Facts<Kind extends LedgerFact['kind']> = Extract<LedgerFact, { kind: Kind }>['data'];
type Rows = Omit<Projection, 'promise'> & { wrappedUp: boolean; wantsCallback: boolean; numberLeft: boolean };

/**
 * @param entries of one call, in any order.
 * @returns null while the entry that began the call is not known.
 */
export function project(entries: readonly LedgerEntry[]): Projection | null {
  const ordered = entries.toSorted((a, b) => a.seq - b.seq);
  const first = ordered.find((entry) => entry.kind === 'call.entered');
  if (first === undefined) return null;
  const rows: Rows = {
    call: entered(first.callId, first.data),
    offers: [],
    segments: [],
    outcomes: [],
    recordings: [],
    ...{ wrappedUp: false, wantsCallback: false, numberLeft: false },
  };
  for (const entry of ordered) apply(rows, entry);
  settle(rows);
  const { call, offers, segments, outcomes, recordings } = rows;
  return { call, offers, segments, outcomes, recordings, promise: promiseOf(rows) };
}

function entered(id: string, data: Facts<'call.entered'>): CallProjection {
  return {
    id,
    direction: data.direction,
    // Without both there is nothing by which a second import could be recognised.
    asterisk_id: data.asteriskId === '' || data.channelId === '' ? null : data.asteriskId,
    channel_id: data.asteriskId === '' || data.channelId === '' ? null : data.channelId,
    sip_call_id: data.sipCallId,
    entry: data.entry,
    caller: data.caller,
    caller_received: data.callerReceived,
    caller_reason: data.caller === null ? (data.callerReason ?? 'invalid') : null,
    keyed_number: null,
    specialty: null,
    entered_at: data.enteredAt,
    queued_at: null,
    answered_at: null,
    ended_at: null,
    state: 'greeting',
    ending: null,
    hangup_cause: null,
    expert_id: null,
    survey_score: null,
  };
}

function apply(rows: Rows, entry: LedgerEntry): void {
  const { call } = rows;
  switch (entry.kind) {
    case 'call.entered':
    case 'wait.told':
    case 'caller.listed':
    case 'fault.met':
    case 'callback.tried':
    case 'recording.paused':
    case 'recording.resumed':
      return;
    case 'hours.checked':
      if (entry.data.specialty === null && entry.data.open) move(call, 'menu');
      // A citizen sent away because this specialty is closed did ask for it.
      call.specialty ??= entry.data.specialty;
      return;
    case 'menu.missed':
      return move(call, 'menu');
    case 'menu.chosen':
      call.specialty = entry.data.specialty;
      return move(call, 'menu');
    case 'call.queued':
      call.specialty = entry.data.specialty;
      call.queued_at ??= entry.data.queuedAt;
      return move(call, 'queued');
    case 'queue.full':
      // Turned away by us, whatever the citizen says to it.
      rows.wantsCallback = true;
      return;
    case 'wish.made':
      rows.wantsCallback ||= entry.data.wish === 'callback';
      return;
    case 'offer.made':
      rows.offers.push(offer(call.id, entry.data));
      return move(call, 'ringing');
    case 'offer.ended':
      return endOffer(rows, entry.data);
    case 'call.answered':
      return answer(rows, entry.data);
    case 'segment.ended':
      return endSegment(rows, entry.data);
    case 'call.ended':
      return end(rows, entry.data);
    case 'wrap-up.ended':
      rows.wrappedUp = true;
      if (call.state === 'wrap-up' && call.ending !== null) call.state = 'ended';
      return;
    case 'outcome.set':
      rows.outcomes.push(outcome(entry, entry.data));
      return;
    case 'survey.answered':
      return rate(rows, entry.data);
    case 'message.kept':
      return keepMessage(rows, entry, entry.data);
    case 'number.kept':
      rows.numberLeft = true;
      call.keyed_number = entry.data.number;
      return;
  }
}

/** Whoever gave up waiting but has left a message or a number, or asked for a call back, has not gone without a word. */
function settle(rows: Rows): void {
  if (rows.call.ending === 'abandoned') rows.call.ending = whatIsLeft(rows) ?? 'abandoned';
}

function whatIsLeft(rows: Rows): 'voicemail' | 'callback' | null {
  const { call, recordings, wantsCallback, numberLeft } = rows;
  if (recordings.length > 0 || call.ending === 'voicemail') return 'voicemail';
  // Numbers that were erased since have been there.
  const hasCaller = call.caller !== null || call.caller_reason === 'erased';
  const toBeCalled = numberLeft || (wantsCallback && hasCaller);
  return toBeCalled || call.ending === 'callback' ? 'callback' : null;
}

/** What still trickles in after the end (an offer cancelled, say) does not bring the call back to life. */
function move(call: CallProjection, state: CallState): void {
  if (call.ending === null) call.state = state;
}

function offer(callId: string, data: Facts<'offer.made'>): OfferProjection {
  const { offerId, expertId, attempt, madeAt, why } = data;
  return {
    id: offerId,
    call_id: callId,
    expert_id: expertId,
    attempt,
    made_at: madeAt,
    why,
    result: null,
    ended_at: null,
  };
}

function endOffer(rows: Rows, data: Facts<'offer.ended'>): void {
  const found = rows.offers.find((one) => one.id === data.offerId);
  if (found !== undefined) {
    found.result = data.result;
    found.ended_at = data.endedAt;
  }
  if (data.result !== 'answered' && rows.call.state === 'ringing') move(rows.call, 'queued');
}

function answer(rows: Rows, data: Facts<'call.answered'>): void {
  const { call, offers, segments } = rows;
  call.answered_at ??= data.answeredAt;
  call.expert_id = data.expertId;
  const found = offers.find((one) => one.id === data.offerId);
  if (found?.result === null) {
    found.result = 'answered';
    found.ended_at = data.answeredAt;
  }
  segments.push({
    call_id: call.id,
    position: segments.length + 1,
    offer_id: data.offerId,
    expert_id: data.expertId,
    started_at: data.answeredAt,
    ended_at: null,
    ended_by: null,
    survey_score: null,
  });
  move(call, 'talking');
}

function endSegment(rows: Rows, data: Facts<'segment.ended'>): void {
  const { call, segments } = rows;
  let open = segments.findLast((one) => one.expert_id === data.expertId && one.ended_at === null);
  if (open === undefined) {
    // Its beginning is not known here; the talk took place all the same.
    open = {
      call_id: call.id,
      position: segments.length + 1,
      offer_id: null,
      expert_id: data.expertId,
      started_at: data.startedAt,
      ended_at: null,
      ended_by: null,
      survey_score: null,
    };
    segments.push(open);
  }
  open.started_at = data.startedAt;
  open.ended_at = data.endedAt;
  open.ended_by = data.by;
  move(call, data.by === 'fault' ? 'queued' : 'wrap-up');
}

/** The mark is for the talk it was given after, whoever else has talked in this call. */
function rate({ call, segments }: Rows, { score, expertId }: Facts<'survey.answered'>): void {
  call.survey_score = score;
  const talk = segments.findLast((one) => one.expert_id === expertId);
  if (talk !== undefined) talk.survey_score = score;
}

/**
 * A call that was talked in is in wrap-up after the citizen has gone, until its expert has done with it, or it is written off
 * (`remains` in rebuild.ts): nobody knew any more that there was one. The first end counts.
 */
function end(rows: Rows, data: Facts<'call.ended'>): void {
  const { call } = rows;
  if (call.ending !== null) {
    if (data.ending === 'failed') call.state = 'ended';
    return;
  }
  const wrapsUp = call.state === 'wrap-up' && data.ending === 'answered' && !rows.wrappedUp;
  call.state = wrapsUp ? 'wrap-up' : 'ended';
  call.ending = data.ending;
  call.ended_at = data.endedAt;
  call.hangup_cause = data.cause;
}

function outcome(entry: LedgerEntry, data: Facts<'outcome.set'>): OutcomeProjection {
  const { code, note, followUp, setAt } = data;
  return {
    call_id: entry.callId,
    seq: entry.seq,
    code,
    note,
    follow_up: followUp,
    set_at: setAt,
    actor: entry.actor,
  };
}

/** A call that left something to be done: it ended by a fault of ours, or a number or a message was left, however it ended. */
function promiseOf(rows: Rows): PromiseProjection | null {
  const { id, direction, ending, keyed_number, caller, specialty, ended_at } = rows.call;
  // An attempt to keep a promise makes no other one.
  if (ended_at === null || direction === 'outbound') return null;
  const reason = ending === 'failed' ? ending : whatIsLeft(rows);
  if (reason === null) return null;
  return { call_id: id, reason, number: keyed_number ?? caller, specialty, made_at: ended_at };
}

function keepMessage(rows: Rows, entry: LedgerEntry, data: Facts<'message.kept'>): void {
  rows.recordings.push({
    call_id: entry.callId,
    seq: entry.seq,
    kind: 'message',
    path: data.recording,
    bytes: data.bytes,
    seconds: Math.round(data.seconds),
    sha256: data.sha256,
    key_id: data.keyId ?? null,
    file_sha256: data.fileSha256 ?? null,
    created_at: entry.at,
  });
}
