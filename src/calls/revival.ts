import type { Call, Settings } from './call.ts';
import * as phrases from './phrases.ts';
import { LONGEST_WORDS_SECONDS } from './reception.ts';
import { after, change, effect, go, hush, iso, play, record, type Draft } from './table.ts';
import type { Step } from './machine.ts';
import { WRAP_UP_GRACE_SECONDS } from './talk.ts';
import { wait } from './waiting.ts';

/**
 * Takes up a call whose process is gone, or whose events were missed, from its snapshot and from what Asterisk says is
 * still there. Pure. The citizen hears at most a prompt again; the place in the queue is kept by the old score.
 * expertLegAlive: the leg of the call's offer or talk is there and, while it rings, still reserved for this call.
 */
export function revive(call: Call, expertLegAlive: boolean, settings: Settings, now: number): Step {
  const draft: Draft = { call, effects: [], settings, now };
  // Words of the process that is gone may still sound, and Asterisk carries out nothing else on a channel meanwhile.
  hush(draft);
  switch (call.state) {
    case 'greeting':
    case 'hours-check':
    case 'menu':
      askAgain(draft);
      break;
    case 'ringing':
      if (expertLegAlive) ringOn(draft);
      else waitAgain(draft);
      break;
    case 'connecting':
      if (expertLegAlive) connectOn(draft);
      else waitAgain(draft);
      break;
    case 'position':
    case 'waiting':
      waitAgain(draft);
      break;
    case 'talking':
      // Two people who hear each other notice nothing; a lost leg is told by the caller as an event.
      if (!expertLegAlive) effect(draft, { do: 'music', on: true });
      break;
    case 'wrap-up':
      after(draft, settings.wrapUpSeconds + WRAP_UP_GRACE_SECONDS, 'wrap-up-over');
      if (!call.citizenGone) effect(draft, { do: 'hang-up-citizen' });
      break;
    case 'leaving':
      after(draft, LONGEST_WORDS_SECONDS, 'last-words');
      if (!call.citizenGone) effect(draft, { do: 'hang-up-citizen' });
      break;
    case 'ended':
      break;
  }
  return { call: draft.call, effects: draft.effects };
}

function askAgain(draft: Draft): void {
  change(draft, { specialty: null, digit: null });
  go(draft, 'menu');
  // A process that ended in order left music behind its words.
  effect(draft, { do: 'music', on: false });
  play(draft, phrases.menu);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

/** The telephone rings on. How long it has rung is not known; Asterisk itself ends a ring a few seconds after ours would. */
function ringOn(draft: Draft): void {
  go(draft, 'ringing');
  // Words may have ended unheard.
  effect(draft, { do: 'music', on: true });
  after(draft, draft.settings.ringSeconds, 'no-answer');
}

/** The expert has answered, and the two may hear each other already: every step to the talk may be taken twice. */
function connectOn(draft: Draft): void {
  const { offer } = draft.call;
  go(draft, 'connecting');
  if (offer !== null) effect(draft, { do: 'accept', offerId: offer.offerId });
}

function waitAgain(draft: Draft): void {
  const { offer } = draft.call;
  if (offer !== null) {
    // The leg may be there all the same, for an offer that stands no longer.
    effect(draft, { do: 'end-talk', offerId: offer.offerId });
    record(draft, {
      kind: 'offer.ended',
      data: { offerId: offer.offerId, result: 'lost', endedAt: iso(draft.now) },
    });
    change(draft, { offer: null });
  }
  effect(draft, { do: 'rejoin-queue' });
  wait(draft);
}
