import type { MissReason } from '../routing/routing.ts';
import type { Phrase } from './phrases.ts';
import { positionPhrase, toDefault } from './phrases.ts';
import type { OfferResult } from './ledger.ts';
import { close, LONGEST_WORDS_SECONDS } from './reception.ts';
import {
  after,
  arrow,
  change,
  effect,
  finished,
  go,
  hush,
  iso,
  play,
  record,
  row,
  type Arrow,
  type Draft,
} from './table.ts';

/** From the place in the queue to the expert's voice. */

/** Redis restarts within seconds; after this many tries of a second each the dialplan's message service takes over. */
const JOIN_TRIES = 10;
const JOIN_AGAIN_SECONDS = 1;

/** Music until an expert is free; the place is told again from time to time. */
export function wait(draft: Draft): void {
  go(draft, 'waiting');
  if (draft.call.playing === null) effect(draft, { do: 'music', on: true });
  after(draft, draft.settings.positionRepeatSeconds, 'repeat-position');
}

function endOffer(draft: Draft, result: OfferResult): void {
  const { offer } = draft.call;
  if (offer === null) return;
  record(draft, { kind: 'offer.ended', data: { offerId: offer.offerId, result, endedAt: iso(draft.now) } });
  change(draft, { offer: null });
}

const rings = arrow<'offered'>(['ringing'], (draft, { offer }) => {
  const { offerId, expertId, attempt, madeAt, why } = offer;
  record(draft, {
    kind: 'offer.made',
    data: { offerId, expertId, attempt, madeAt: iso(madeAt), why: { ...why } },
  });
  change(draft, { offer: { offerId, expertId, attempt }, attempts: attempt });
  go(draft, 'ringing');
  effect(draft, { do: 'ring', offer: { offerId, expertId, attempt } });
  after(draft, draft.settings.ringSeconds, 'no-answer');
});

const hangsUp = arrow<'citizen-gone'>(['ended'], (draft, event) => {
  effect(draft, { do: 'leave-queue' });
  close(draft, 'abandoned', event.cause);
});

/** An expert's leg that answered for an offer which no longer stands. */
const tooLate = arrow<'expert-answered'>([], (draft, event) =>
  effect(draft, { do: 'stop-ringing', offerId: event.offerId }),
);

/** Writes the place down, once. @returns whether this was the first time */
function noteJoined(draft: Draft, place: number): boolean {
  const { specialty, queuedAt, joined } = draft.call;
  if (joined || specialty === null || queuedAt === null) return false;
  change(draft, { joined: true });
  record(draft, {
    kind: 'call.queued',
    data: { specialty, queuedAt: iso(queuedAt), score: queuedAt, position: place },
  });
  return true;
}

const joins: Arrow<'queue-joined'> = arrow([], (draft, event) => {
  if (noteJoined(draft, event.position)) tellPosition(draft, event.position);
});

function tellPosition(draft: Draft, place: number): void {
  const byDefault: Phrase = draft.call.menuMisses >= draft.settings.menuPrompts ? toDefault : [];
  // On the way here music sounds only while Redis is away.
  if (draft.call.state !== 'position' || draft.call.joinFailures > 0)
    effect(draft, { do: 'music', on: false });
  play(draft, [...byDefault, ...positionPhrase(place)]);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

const plays = arrow<'playback-finished'>([], (draft, event) => {
  if (finished(draft, event.playbackId)) effect(draft, { do: 'music', on: true });
});

export const position = row(
  {
    'citizen-gone': hangsUp,
    'expert-answered': tooLate,
    offered: rings,
    'queue-joined': joins,
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
      effect(draft, { do: 'to-fallback' });
      after(draft, LONGEST_WORDS_SECONDS, 'last-words');
    }),
    'position-told': arrow(['waiting'], (draft, event) => {
      if (event.position !== null) return tellPosition(draft, event.position);
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
  'the place is being told; digits mean nothing yet',
);

export const waiting = row(
  {
    'citizen-gone': hangsUp,
    'expert-answered': tooLate,
    offered: rings,
    'playback-finished': plays,
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

function passOn(draft: Draft, reason: MissReason): void {
  const { offer } = draft.call;
  if (offer === null) return;
  endOffer(draft, reason);
  effect(draft, { do: 'stop-ringing', offerId: offer.offerId });
  effect(draft, { do: 'miss', offerId: offer.offerId, reason });
  wait(draft);
}

export const ringing = row(
  {
    'citizen-gone': arrow(['ended'], (draft, event) => {
      const { offer } = draft.call;
      if (offer !== null) effect(draft, { do: 'stop-ringing', offerId: offer.offerId });
      effect(draft, { do: 'leave-queue' });
      endOffer(draft, 'cancelled');
      close(draft, 'abandoned', event.cause);
    }),
    'queue-joined': joins,
    'playback-finished': plays,
    'expert-answered': arrow(['connecting'], (draft, event) => {
      if (draft.call.offer?.offerId !== event.offerId)
        return effect(draft, { do: 'stop-ringing', offerId: event.offerId });
      go(draft, 'connecting');
      effect(draft, { do: 'accept', offerId: event.offerId });
    }),
    'expert-failed': arrow(['waiting'], (draft, event) => {
      if (draft.call.offer?.offerId === event.offerId) passOn(draft, event.reason);
    }),
    timer: arrow(['waiting'], (draft, event) => {
      if (event.name === 'no-answer') passOn(draft, 'no-answer');
    }),
    // Routing offers on by itself when the rung expert's telephone vanishes.
    offered: arrow(['ringing'], (draft, event) => {
      const { offer } = draft.call;
      if (offer?.offerId === event.offer.offerId) return;
      if (offer !== null) effect(draft, { do: 'stop-ringing', offerId: offer.offerId });
      endOffer(draft, 'unreachable');
      rings.run(draft, event);
    }),
  },
  'an expert is being rung',
);

function lostWhileConnecting(draft: Draft): void {
  const { offer } = draft.call;
  if (offer !== null) effect(draft, { do: 'end-talk', offerId: offer.offerId });
  endOffer(draft, 'lost');
  effect(draft, { do: 'rejoin-queue' });
  wait(draft);
}

export const connecting = row(
  {
    'citizen-gone': arrow(['ended'], (draft, event) => {
      const { offer } = draft.call;
      if (offer !== null) effect(draft, { do: 'end-talk', offerId: offer.offerId });
      effect(draft, { do: 'leave-queue' });
      effect(draft, { do: 'release', wrapUpSeconds: 0 });
      endOffer(draft, 'cancelled');
      close(draft, 'abandoned', event.cause);
    }),
    'accept-told': arrow(['waiting'], (draft, event) => {
      if (draft.call.offer?.offerId !== event.offerId) return;
      if (!event.accepted) {
        effect(draft, { do: 'stop-ringing', offerId: event.offerId });
        endOffer(draft, 'cancelled');
        // Does nothing to who stands in the queue; after Redis was emptied it puts the citizen back there.
        effect(draft, { do: 'join-queue' });
        return wait(draft);
      }
      hush(draft);
      effect(draft, { do: 'music', on: false });
      effect(draft, { do: 'bridge', offerId: event.offerId });
    }),
    bridged: arrow(['talking'], (draft, event) => {
      const { offer } = draft.call;
      if (offer?.offerId !== event.offerId) return;
      const { offerId, expertId } = offer;
      endOffer(draft, 'answered');
      record(
        draft,
        { kind: 'call.answered', data: { offerId, expertId, answeredAt: iso(draft.now) } },
        `expert:${expertId}`,
      );
      change(draft, { talk: { offerId, expertId, startedAt: draft.now } });
      go(draft, 'talking');
    }),
    'playback-finished': arrow([], (draft, event) => void finished(draft, event.playbackId)),
    'expert-gone': arrow(['waiting'], (draft, event) => {
      if (draft.call.offer?.offerId === event.offerId) lostWhileConnecting(draft);
    }),
    'expert-failed': arrow(['waiting'], (draft, event) => {
      if (draft.call.offer?.offerId === event.offerId) lostWhileConnecting(draft);
    }),
  },
  'the two are being joined; it takes milliseconds',
);
