import { closes } from './closed.ts';
import type { CallEvent, Prospect } from './call.ts';
import type { Phrase } from './phrases.ts';
import { positionPhrase, toDefault } from './phrases.ts';
import type { OfferResult } from './ledger.ts';
import { close, closeAsLost, handOver } from './endings.ts';
import { tellWait } from './told-wait.ts';
import {
  after,
  arrow,
  change,
  effect,
  finished,
  go,
  iso,
  LONGEST_WORDS_SECONDS,
  play,
  record,
  row,
  type Arrow,
  type Draft,
} from './table.ts';
import { askService, grant, leaveQueue, noteWish, wishOf } from './wishes.ts';

/** From the place in the queue until an expert is rung. */

/** Redis restarts within seconds; after this many tries of a second each the dialplan's message service takes over. */
const JOIN_TRIES = 10;
const JOIN_AGAIN_SECONDS = 1;

/** Music until an expert is free; the place is told again from time to time. */
export function wait(draft: Draft): void {
  go(draft, 'waiting');
  if (draft.call.playing === null) effect(draft, { do: 'music', on: true });
  after(draft, draft.settings.positionRepeatSeconds, 'repeat-position');
}

export function endOffer(draft: Draft, result: OfferResult): void {
  const { offer } = draft.call;
  if (offer === null) return;
  record(draft, { kind: 'offer.ended', data: { offerId: offer.offerId, result, endedAt: iso(draft.now) } });
  change(draft, { offer: null });
}

type Offered = Extract<CallEvent, { type: 'offered' }>['offer'];

/** An expert is kept for this call; nothing rings yet. */
export function noteOffer(draft: Draft, offer: Offered): void {
  const { offerId, expertId, attempt, madeAt, why } = offer;
  record(draft, {
    kind: 'offer.made',
    data: { offerId, expertId, attempt, madeAt: iso(madeAt), why: { ...why } },
  });
  change(draft, { offer: { offerId, expertId, attempt, madeAt }, attempts: attempt });
}

/** The telephone of the expert who is kept for this call. */
export function ring(draft: Draft): void {
  const { offer } = draft.call;
  go(draft, 'ringing');
  if (offer !== null) effect(draft, { do: 'ring', offer });
  after(draft, draft.settings.ringSeconds, 'no-answer');
}

export const rings = arrow<'offered'>(['ringing'], (draft, { offer }) => {
  // Redis has joined them though its answer was lost: it is not to come any more.
  if (draft.call.joinFailures > 0) noteJoined(draft, offer.why.position);
  noteOffer(draft, offer);
  ring(draft);
});

const hangsUp = arrow<'citizen-gone'>(['ended'], (draft, event) => {
  effect(draft, { do: 'leave-queue' });
  close(draft, 'abandoned', event.cause);
});

/** An expert may be rung or joined at this moment: the reservation is given back, and nothing is held against the expert. */
function letGo(draft: Draft): void {
  const { offer, state } = draft.call;
  if (offer !== null) effect(draft, { do: 'end-talk', offerId: offer.offerId });
  effect(draft, { do: 'leave-queue' });
  if (state === 'connecting') effect(draft, { do: 'release', wrapUpSeconds: 0 });
  endOffer(draft, 'lost');
}

export const isLost = arrow<'exchange-lost'>(['ended'], (draft) => {
  letGo(draft);
  closeAsLost(draft);
});

/** Who would rather not wait leaves the queue. Other keys mean nothing here. */
export const wishes = arrow<'citizen-digit'>(['leaving'], (draft, { digit }) => {
  const wish = wishOf(draft, digit, draft.call.queuedAt ?? draft.now);
  if (wish === null) return;
  noteWish(draft, wish, 'citizen');
  leaveQueue(draft);
  grant(draft, wish);
});

/** The watchdog has taken the citizen to the dialplan, as nobody was here. */
export const isHandedOver = arrow<'handed-over'>(['ended'], (draft, event) => {
  letGo(draft);
  handOver(draft, event);
});

/** An expert's leg that answered for an offer which no longer stands. */
const tooLate = arrow<'expert-answered'>([], (draft, event) =>
  effect(draft, { do: 'stop-ringing', offerId: event.offerId }),
);

/** Writes the place down, once. @returns whether this was the first time */
export function noteJoined(draft: Draft, place: number): boolean {
  const { specialty, queuedAt, score, joined, headStartSeconds } = draft.call;
  if (joined || specialty === null || queuedAt === null) return false;
  change(draft, { joined: true });
  record(draft, {
    kind: 'call.queued',
    data: {
      ...{ specialty, queuedAt: iso(queuedAt), score: score ?? queuedAt, position: place },
      ...(headStartSeconds === undefined ? {} : { headStartSeconds }),
    },
  });
  return true;
}

/** From here on the place is as old as that. */
export const startsAhead = arrow<'head-start'>([], (draft, { seconds }) => {
  const { queuedAt, score, joined } = draft.call;
  if (joined || queuedAt === null || score !== null) return;
  change(draft, { score: queuedAt - seconds * 1000, headStartSeconds: seconds });
});

/** Nobody is turned away by a busy tone: the exchange's message service offers a call back, or takes a message. */
function turnAway(draft: Draft, specialty: string, place: number): void {
  record(draft, { kind: 'queue.full', data: { specialty, position: place } });
  effect(draft, { do: 'leave-queue' });
  go(draft, 'leaving');
  askService(draft, 'full');
}

const joinsWithinCap: Arrow<'queue-joined'> = arrow(['leaving'], (draft, event) => {
  const { joined, specialty } = draft.call;
  const isBeyond = event.position > (draft.settings.queueCap ?? Infinity);
  if (isBeyond && !joined && specialty !== null) turnAway(draft, specialty, event.position);
  else joins.run(draft, event);
});

export const joins: Arrow<'queue-joined'> = arrow([], (draft, event) => {
  if (noteJoined(draft, event.position)) tellPosition(draft, event.position, event, false);
});

/** again: it was told before. */
function tellPosition(draft: Draft, place: number, prospect: Prospect, again: boolean): void {
  const byDefault: Phrase = !again && draft.call.menuMisses >= draft.settings.menuPrompts ? toDefault : [];
  // On the way here music sounds only while Redis is away.
  if (draft.call.state !== 'position' || draft.call.joinFailures > 0)
    effect(draft, { do: 'music', on: false });
  const wait = tellWait(draft, place, prospect.wait ?? null);
  // Who comes in before them, for waits of their own, costs them a place; they do not hear themselves move back.
  const told = Math.min(place, draft.call.toldPlace ?? place);
  change(draft, { toldPlace: told });
  const waits = again || prospect.nobodyAtWork === true;
  play(draft, [...byDefault, ...positionPhrase(told, waits, wait, prospect.tooLate)]);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

export const plays = arrow<'playback-finished'>([], (draft, event) => {
  if (finished(draft, event.playbackId)) effect(draft, { do: 'music', on: true });
});

export const position = row(
  {
    'citizen-gone': hangsUp,
    'citizen-digit': wishes,
    'exchange-lost': isLost,
    'handed-over': isHandedOver,
    closes,
    'expert-answered': tooLate,
    offered: rings,
    'head-start': startsAhead,
    'queue-joined': joinsWithinCap,
    'queue-failed': arrow(['leaving'], (draft, event) => {
      const joinFailures = draft.call.joinFailures + 1;
      change(draft, { joinFailures });
      if (joinFailures === 1) effect(draft, { do: 'music', on: true });
      if (joinFailures < JOIN_TRIES) return after(draft, JOIN_AGAIN_SECONDS, 'join-again');
      record(draft, {
        kind: 'fault.met',
        data: { code: event.code, state: draft.call.state, detail: event.detail },
      });
      change(draft, { ending: 'failed' });
      go(draft, 'leaving');
      // The attempt whose answer never came may have been carried out all the same.
      effect(draft, { do: 'leave-queue' });
      askService(draft, null);
    }),
    'position-told': arrow(['waiting'], (draft, event) => {
      if (event.position !== null) return tellPosition(draft, event.position, event, true);
      effect(draft, { do: 'join-queue' });
      wait(draft);
    }),
    'playback-finished': arrow(['waiting'], (draft, event) => {
      if (finished(draft, event.playbackId)) wait(draft);
    }),
    timer: arrow(['waiting'], (draft, event) => {
      if (event.name === 'join-again') effect(draft, { do: 'join-queue' });
      else wait(draft);
    }),
  },
  'the place is being told',
);

export const waiting = row(
  {
    'citizen-gone': hangsUp,
    'citizen-digit': wishes,
    'exchange-lost': isLost,
    'handed-over': isHandedOver,
    closes,
    'expert-answered': tooLate,
    offered: rings,
    'playback-finished': plays,
    'head-start': startsAhead,
    // Taken up by another process before the first answer came.
    'queue-joined': arrow([], (draft, event) => void noteJoined(draft, event.position)),
    // Coming back to the queue after a lost expert must not fail for good.
    'queue-failed': arrow([], (draft) => after(draft, JOIN_AGAIN_SECONDS, 'join-again')),
    timer: arrow(['position'], (draft, event) => {
      if (event.name === 'join-again') return effect(draft, { do: 'rejoin-queue' });
      go(draft, 'position');
      effect(draft, { do: 'ask-position' });
    }),
  },
  'music plays until an expert is free',
);
