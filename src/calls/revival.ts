import type { Call, Settings } from './call.ts';
import { askClosedAgain } from './closed.ts';
import { invite } from './callback.ts';
import { recordTalk } from './announcement.ts';
import * as phrases from './phrases.ts';
import { askOn } from './survey.ts';
import {
  after,
  change,
  effect,
  go,
  hush,
  iso,
  LONGEST_WORDS_SECONDS,
  play,
  record,
  type Draft,
} from './table.ts';
import type { Step } from './machine.ts';
import { beginToListen, WRAP_UP_GRACE_SECONDS } from './talk.ts';
import { endOffer, wait } from './waiting.ts';
import { askServiceAgain, grant } from './wishes.ts';

/**
 * Takes up a call whose process is gone, or whose events were missed, from its snapshot and from what Asterisk says is
 * still there. Pure. The citizen hears at most a prompt again; the place in the queue is kept by the old score.
 * expertLegAlive: the leg of the call's offer or talk is there and, while it rings, still reserved for this call; while the
 * citizen is dialled there is no leg yet, and the expert is reserved.
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
      else {
        recordTalk(draft);
        if (call.listening !== null) beginToListen(draft);
      }
      break;
    case 'wrap-up':
      boundWrapUp(draft);
      part(draft);
      break;
    case 'closed':
      askClosedAgain(draft);
      break;
    case 'leaving':
      if (call.survey === null) after(draft, LONGEST_WORDS_SECONDS, 'last-words');
      part(draft);
      break;
    case 'due':
      effect(draft, { do: 'rejoin-queue' });
      break;
    case 'dialling':
    case 'inviting':
      callOn(draft, expertLegAlive);
      break;
    case 'ended':
      break;
  }
  return { call: draft.call, effects: draft.effects };
}

/**
 * The same where the citizen has gone, or is not in our hands: nothing is played to and nobody is rung for them, and the
 * snapshot is closed as it stands. An expert's wrap-up has its end all the same.
 */
export function withoutCitizen(call: Call, settings: Settings, now: number): Step {
  const draft: Draft = { call, effects: [], settings, now };
  if (call.state === 'wrap-up') boundWrapUp(draft);
  return { call: draft.call, effects: draft.effects };
}

/** Routing tells its end; this stands behind it, should the telling be lost. */
const boundWrapUp = (draft: Draft): void =>
  after(draft, draft.settings.wrapUpSeconds + WRAP_UP_GRACE_SECONDS, 'wrap-up-over');

/** Who was being asked about the talk is asked again; the last words are not said twice. */
function part(draft: Draft): void {
  const { citizenGone, ending, survey } = draft.call;
  if (citizenGone) return;
  // Whose number is listed as a nuisance is owed the message service after the words.
  if (ending === 'abandoned') grant(draft, 'message');
  else if (askServiceAgain(draft)) return;
  else if (survey === null) effect(draft, { do: 'hang-up-citizen' });
  else askOn(draft);
}

function askAgain(draft: Draft): void {
  change(draft, { specialty: null, digit: null });
  go(draft, 'menu');
  // A process that ended in order left music behind its words.
  effect(draft, { do: 'music', on: false });
  play(draft, phrases.menu);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

/** The citizen's telephone rings on; whoever has answered hears again who calls. */
function callOn(draft: Draft, expertIsKept: boolean): void {
  if (!expertIsKept) {
    endOffer(draft, 'lost');
    effect(draft, { do: 'rejoin-queue' });
  }
  if (draft.call.state === 'dialling') return after(draft, draft.settings.dialSeconds, 'no-answer');
  effect(draft, { do: 'music', on: false });
  invite(draft);
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
