import type { Wish } from './call.ts';
import { after, change, effect, go, hush, iso, LONGEST_WORDS_SECONDS, record, type Draft } from './table.ts';

/** What a citizen may have instead of an expert at once: in the queue, and when nobody is there to answer. */

const WISH_BY_DIGIT: Readonly<Record<string, Wish>> = { '1': 'callback', '2': 'message' };

/** A key pressed twice in the menu must mean nothing in what it has just led to. */
const MEANT_AFTER_MS = 2000;

/** since: from when on a key can be meant for it. @returns null where the key asks for nothing */
export function wishOf(draft: Draft, digit: string, since: number): Wish | null {
  return draft.now - since < MEANT_AFTER_MS ? null : (WISH_BY_DIGIT[digit] ?? null);
}

export function noteWish(draft: Draft, wish: Wish, actor: 'citizen' | 'system'): void {
  record(draft, { kind: 'wish.made', data: { wish } }, actor);
  const { callback, closed } = draft.call;
  // Whom we have called is to be called again, and not as one who could not be reached. At closing time that is written already.
  if (callback === null || wish !== 'callback' || closed !== null) return;
  const result = actor === 'citizen' ? 'postponed' : 'closed';
  record(draft, { kind: 'callback.tried', data: { callbackId: callback.id, result } }, actor);
}

/** Takes the citizen out of the queue, where words are no longer of use; an expert who is being rung for them rings no longer. */
export function leaveQueue(draft: Draft): void {
  const { offer } = draft.call;
  hush(draft);
  if (offer !== null) effect(draft, { do: 'stop-ringing', offerId: offer.offerId });
  effect(draft, { do: 'leave-queue' });
  if (offer === null) return;
  const { offerId } = offer;
  record(draft, {
    kind: 'offer.ended',
    data: { offerId, result: 'cancelled', endedAt: iso(draft.now) },
  });
  change(draft, { offer: null });
}

/** The exchange's message service takes a number or a message, and tells how the call ends. */
export function grant(draft: Draft, wish: Wish): void {
  hush(draft);
  change(draft, { ending: null });
  go(draft, 'leaving');
  askService(draft, wish);
}

/** wish: why the citizen is taken there. From `leaving` only. */
export function askService(draft: Draft, wish: Wish | 'full' | null, tries = 1): void {
  change(draft, { service: { wish, tries } });
  effect(draft, { do: 'to-fallback', wish });
  after(draft, LONGEST_WORDS_SECONDS, 'last-words');
}

/**
 * The request may have been lost, with a process or with the link: whoever was promised the service is not hung up on for that.
 * @returns whether it was made once more
 */
export function askServiceAgain(draft: Draft): boolean {
  const { service } = draft.call;
  if (service?.tries !== 1) return false;
  askService(draft, service.wish, 2);
  return true;
}
