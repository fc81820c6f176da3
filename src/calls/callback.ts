import { noteAnnounced } from './announcement.ts';
import type { Callback } from './call.ts';
import type { AttemptResult, DialFailure } from './ledger.ts';
import * as phrases from './phrases.ts';
import type { Phrase } from './phrases.ts';
import { close, dismiss } from './endings.ts';
import {
  after,
  arrow,
  change,
  effect,
  finished,
  go,
  LONGEST_WORDS_SECONDS,
  play,
  record,
  row,
  type Draft,
} from './table.ts';
import { endOffer, noteJoined, noteOffer, ring, wait } from './waiting.ts';

/**
 * A call back, from its place in the queue to the citizen's wish to talk. It waits without a channel (`due`) until an expert
 * is kept for it; only then the citizen is dialled, and only on the citizen's key 1 the expert's telephone rings. From there
 * on it is a call like any other.
 */

/** A hand-over or a lost answer of Redis: the place is asked for again. */
const JOIN_AGAIN_SECONDS = 1;
/** After silence or a wrong key they are asked once more; then nobody is there who could answer. */
const MOST_ASKINGS = 2;

/** Writes down what came of the attempt. The expert loses nothing by it: the idle time from before goes on. */
function note(draft: Draft, result: AttemptResult, actor = 'system'): void {
  const callbackId = draft.call.callback?.id ?? '';
  endOffer(draft, 'cancelled');
  effect(draft, { do: 'leave-queue' });
  record(draft, { kind: 'callback.tried', data: { callbackId, result } }, actor);
}

function fail(draft: Draft, result: AttemptResult, cause: number | null = null): void {
  note(draft, result);
  close(draft, 'callback', cause, result, 'system');
}

/** The telephone may ring or speak at this moment. */
function hangUp(draft: Draft, result: AttemptResult): void {
  effect(draft, { do: 'hang-up-citizen' });
  fail(draft, result);
}

const exchangeLost = arrow<'exchange-lost'>(['ended'], (draft) => fail(draft, 'lost'));

export const due = row(
  {
    // Hours are asked for now that an expert is there: the promise may be older than today's closure.
    offered: arrow(['dialling'], (draft, { offer }) => {
      noteOffer(draft, offer);
      go(draft, 'dialling');
      effect(draft, { do: 'ask-hours', specialty: draft.call.specialty });
    }),
    'queue-joined': arrow([], (draft, event) => void noteJoined(draft, event.position)),
    'queue-failed': arrow([], (draft) => after(draft, JOIN_AGAIN_SECONDS, 'join-again')),
    timer: arrow([], (draft) => effect(draft, { do: 'rejoin-queue' })),
    recalled: arrow(['ended'], (draft) => fail(draft, 'recalled')),
    // Its channel was named for the exchange that is no more: another attempt gets another name.
    'exchange-lost': exchangeLost,
  },
  'nobody has been dialled yet',
);

/** Another expert is kept instead; the citizen's telephone goes on ringing. */
const keepsAnother = arrow<'offered'>([], (draft, { offer }) => {
  if (draft.call.offer?.offerId === offer.offerId) return;
  endOffer(draft, 'unreachable');
  noteOffer(draft, offer);
});

/** The kept expert's telephone has vanished: whoever is free next is kept, or waited for. */
const losesExpert = arrow<'expert-failed'>([], (draft, { offerId, reason }) => {
  if (draft.call.offer?.offerId !== offerId) return;
  endOffer(draft, reason);
  effect(draft, { do: 'miss', offerId, reason });
});

/**
 * Q.850. 27 and from 34 to 47, as which Asterisk takes the 5xx of a trunk: the network could not connect. Whatever else it says:
 * this number cannot be reached now.
 */
const FAILURES: Readonly<Record<number, DialFailure>> = {
  16: 'no-answer',
  17: 'busy',
  18: 'no-answer',
  19: 'no-answer',
  21: 'rejected',
  27: 'unreachable',
  34: 'unreachable',
  38: 'unreachable',
  41: 'unreachable',
  42: 'unreachable',
  44: 'unreachable',
  47: 'unreachable',
};

const failureOf = (cause: number | null): DialFailure =>
  cause === null ? 'no-answer' : (FAILURES[cause] ?? 'unobtainable');

export const dialling = row(
  {
    'hours-told': arrow(['ended'], (draft, { specialty, open, reason, opensAt, listed }) => {
      record(draft, { kind: 'hours.checked', data: { specialty, open, reason, opensAt } });
      // Listed since the promise: at no hour may it ring an expert.
      if (listed === true) return fail(draft, 'listed');
      if (!open) return fail(draft, 'closed');
      effect(draft, { do: 'dial' });
      after(draft, draft.settings.dialSeconds, 'no-answer');
    }),
    'queue-joined': arrow([], (draft, event) => void noteJoined(draft, event.position)),
    'citizen-answered': arrow(['inviting'], (draft) => {
      go(draft, 'inviting');
      invite(draft);
    }),
    'citizen-gone': arrow(['ended'], (draft, { cause }) => fail(draft, failureOf(cause), cause)),
    // No answer of the exchange is not to say that it does not dial.
    'dial-failed': arrow(['ended'], (draft, { reason }) => hangUp(draft, reason)),
    timer: arrow(['ended'], (draft) => hangUp(draft, 'no-answer')),
    offered: keepsAnother,
    'expert-failed': losesExpert,
    'exchange-lost': exchangeLost,
  },
  "the citizen's telephone rings",
);

function ask(draft: Draft, words: Phrase): void {
  const callback = draft.call.callback as Callback;
  change(draft, { callback: { ...callback, askings: callback.askings + 1 } });
  play(draft, words);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

/** From the beginning: who calls, that talks are recorded where they are, and the keys. */
export function invite(draft: Draft): void {
  const callback = draft.call.callback as Callback;
  change(draft, { callback: { ...callback, askings: 0 } });
  ask(draft, draft.settings.recordTalks ? phrases.invitationRecorded : phrases.invitation);
}

function missKey(draft: Draft): void {
  if ((draft.call.callback?.askings ?? 0) >= MOST_ASKINGS) hangUp(draft, 'silent');
  else ask(draft, phrases.invitationAgain);
}

/** The kept expert is rung; one who was lost meanwhile is waited for at the old place, which is the head of the queue. */
function talk(draft: Draft): void {
  // Who waits from now on may be tired of it later; the place is the old one all the same.
  change(draft, { queuedAt: draft.now });
  // Also writes the place on the channel, for whoever finds it without our snapshot.
  effect(draft, { do: draft.call.offer === null ? 'rejoin-queue' : 'join-queue' });
  if (draft.call.offer === null) {
    play(draft, phrases.pleaseWait);
    return wait(draft);
  }
  play(draft, phrases.connecting);
  ring(draft);
}

function leave(draft: Draft, result: 'postponed' | 'not-needed', words: Phrase): void {
  note(draft, result, 'citizen');
  dismiss(draft, 'callback', words);
}

export const inviting = row(
  {
    'citizen-digit': arrow(['ringing', 'waiting', 'leaving', 'ended'], (draft, { digit }) => {
      if (digit === '1') talk(draft);
      else if (digit === '2') leave(draft, 'postponed', phrases.calledLater);
      else if (digit === '3') leave(draft, 'not-needed', phrases.notNeeded);
      else missKey(draft);
    }),
    'playback-finished': arrow([], (draft, event) => {
      if (!finished(draft, event.playbackId)) return;
      if (draft.call.callback?.askings === 1) noteAnnounced(draft, event);
      after(draft, draft.settings.menuTimeoutSeconds, 'silence');
    }),
    timer: arrow(['ended'], (draft) => missKey(draft)),
    'citizen-gone': arrow(['ended'], (draft, { cause }) => fail(draft, 'hung-up', cause)),
    // The watchdog has let them go, or may have: nobody was here.
    'handed-over': arrow(['ended'], (draft) => fail(draft, 'lost')),
    offered: keepsAnother,
    'expert-failed': losesExpert,
    'exchange-lost': exchangeLost,
  },
  'the citizen hears who calls, and chooses',
);
