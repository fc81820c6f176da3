import type { MissReason } from '../routing/routing.ts';
import { recordTalk } from './announcement.ts';
import { close } from './endings.ts';
import { arrow, change, effect, finished, go, hush, iso, record, row, type Draft } from './table.ts';
import { endOffer, isHandedOver, isLost, joins, plays, rings, wait, wishes } from './waiting.ts';

/** From the expert's ring to the expert's voice. */

function passOn(draft: Draft, reason: MissReason): void {
  const { offer } = draft.call;
  if (offer === null) return;
  endOffer(draft, reason);
  // As routing has it: only a telephone that is not back yet is still waited for.
  if (reason !== 'unreachable') change(draft, { window: null });
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
    'citizen-digit': wishes,
    'exchange-lost': isLost,
    'handed-over': isHandedOver,
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
    'exchange-lost': isLost,
    'handed-over': isHandedOver,
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
      change(draft, { talk: { offerId, expertId, startedAt: draft.now }, window: null, listening: null });
      go(draft, 'talking');
      recordTalk(draft);
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
