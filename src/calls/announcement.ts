import { recorded } from './phrases.ts';
import { after, change, effect, LONGEST_WORDS_SECONDS, play, type Draft } from './table.ts';

/**
 * A talk is recorded only of who has heard to its end that it is. The announcement ends the greeting; who presses a key before
 * hears it before the queue, where no key cuts it off. Pure.
 */

export const mustAnnounce = ({ call, settings }: Draft): boolean =>
  settings.recordTalks && call.announced !== true;

export function announce(draft: Draft): void {
  play(draft, recorded);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

/** Words with the announcement in them are over. */
export function noteAnnounced(draft: Draft, { unheard }: { unheard?: true }): void {
  if (draft.settings.recordTalks && unheard !== true) change(draft, { announced: true });
}

export function recordTalk(draft: Draft): void {
  const { talk, announced } = draft.call;
  if (talk === null || announced !== true || !draft.settings.recordTalks) return;
  effect(draft, { do: 'record-talk', offerId: talk.offerId });
}
