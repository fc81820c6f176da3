import { mayBeDialled } from '../callbacks/rules.ts';
import type { Phrase } from './phrases.ts';
import * as phrases from './phrases.ts';
import { close, closeAsLost, dismiss, isHandedOverAtTheEnd, notWaiting } from './endings.ts';
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
} from './table.ts';
import type { Draft } from './table.ts';
import { grant, leaveQueue, noteWish, wishOf } from './wishes.ts';

/**
 * Nobody answers at this hour. Who calls then hears when somebody does, and may be called back or leave a message. Who has
 * been waiting is owed more: they are called back without having to ask for it, or asked for a number where we know none.
 */

/** After the offer, and after it was made once more. */
const MOST_ASKINGS = 2;

function say(draft: Draft, words: Phrase): void {
  change(draft, { closed: { askings: 1, since: draft.now } });
  go(draft, 'closed');
  play(draft, words);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

/** words: why, and when it opens again. */
export function turnAway(draft: Draft, words: Phrase): void {
  change(draft, { ending: 'closed' });
  say(draft, [...words, ...phrases.closedKeys]);
}

/** The specialty has closed, or has been closed, while the citizen waited. */
export const closes = arrow<'closes'>(['closed'], (draft, { reason, opensAt, words }) => {
  const { specialty } = draft.call;
  record(draft, { kind: 'hours.checked', data: { specialty, open: false, reason, opensAt } });
  const promise = isCallable(draft);
  // Written down at once: who hangs up over the words is called back all the same.
  if (promise) noteWish(draft, 'callback', 'system');
  leaveQueue(draft);
  effect(draft, { do: 'music', on: false });
  say(draft, [...phrases.sorry, ...words, ...(promise ? phrases.willCall : [])]);
});

/** Has waited, and is to be called back. */
const isOwed = ({ call }: Draft): boolean => call.ending === null;

/** Nobody can be promised a call who has no number that we may call: they are asked for one as soon as they have heard why. */
const isCallable = ({ call: { caller, callback }, settings }: Draft): boolean =>
  callback !== null || (caller !== null && mayBeDialled(caller, settings.destinations));

/** Taken up by another process: the offer is made again, the promise stands. */
export function askClosedAgain(draft: Draft): void {
  if (!isOwed(draft)) say(draft, phrases.closedKeys);
  else say(draft, isCallable(draft) ? phrases.willCall : phrases.sorry);
}

function callBack(draft: Draft): void {
  if (!isCallable(draft)) noteWish(draft, 'callback', 'system');
  grant(draft, 'callback');
}

function heard(draft: Draft): void {
  if (isOwed(draft) && !isCallable(draft)) callBack(draft);
  else after(draft, draft.settings.menuTimeoutSeconds, 'silence');
}

function silent(draft: Draft): void {
  const askings = draft.call.closed?.askings ?? MOST_ASKINGS;
  if (isOwed(draft)) return callBack(draft);
  if (askings >= MOST_ASKINGS) return dismiss(draft, 'closed', phrases.goodbye);
  say(draft, phrases.closedKeys);
  change(draft, { closed: { askings: askings + 1, since: draft.now } });
}

export const closed = row(
  {
    'citizen-digit': arrow(['leaving'], (draft, { digit }) => {
      const wish = wishOf(draft, digit, draft.call.closed?.since ?? draft.now);
      if (wish === null) return;
      noteWish(draft, wish, 'citizen');
      grant(draft, wish);
    }),
    'playback-finished': arrow(['leaving'], (draft, { playbackId }) => {
      if (finished(draft, playbackId)) heard(draft);
    }),
    timer: arrow(['closed', 'leaving'], silent),
    'citizen-gone': arrow(['ended'], (draft, { cause }) =>
      close(draft, draft.call.ending ?? 'abandoned', cause),
    ),
    'exchange-lost': arrow(['ended'], (draft) => {
      if (isOwed(draft)) closeAsLost(draft);
      else close(draft, 'closed', null, 'exchange-lost', 'system');
    }),
    'handed-over': isHandedOverAtTheEnd,
    offered: notWaiting,
    'expert-answered': arrow([], (draft, { offerId }) => effect(draft, { do: 'stop-ringing', offerId })),
  },
  'nobody answers at this hour',
);
