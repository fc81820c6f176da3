import { goodbye } from './phrases.ts';
import { LONGEST_WORDS_SECONDS, notWaiting, setsOutcome } from './reception.ts';
import { after, arrow, change, effect, finished, go, iso, play, record, row, type Draft } from './table.ts';
import { wait } from './waiting.ts';

/** The talk itself and the expert's wrap-up after it. */

/** Q.850 16: normal clearing. Whatever else ends an expert's leg in a talk is a fault of the line. */
const NORMAL_CLEARING = 16;
export const WRAP_UP_GRACE_SECONDS = 5;

function endSegment(draft: Draft, by: 'citizen' | 'expert' | 'fault'): void {
  const { talk } = draft.call;
  if (talk === null) return;
  const { expertId, startedAt } = talk;
  record(draft, {
    kind: 'segment.ended',
    data: { expertId, startedAt: iso(startedAt), endedAt: iso(draft.now), by },
  });
}

function endTalk(draft: Draft, legGone = false): void {
  const { talk } = draft.call;
  if (talk !== null)
    effect(draft, { do: 'end-talk', offerId: talk.offerId, ...(legGone ? { legGone } : {}) });
}

function writeEnd(draft: Draft, cause: number | null): void {
  const { state } = draft.call;
  change(draft, { citizenGone: true, playing: null });
  record(draft, {
    kind: 'call.ended',
    data: { ending: 'answered', endedAt: iso(draft.now), state, cause, note: null },
  });
}

function endWrapUp(draft: Draft, expertId: string): void {
  record(draft, { kind: 'wrap-up.ended', data: { expertId, endedAt: iso(draft.now) } }, `expert:${expertId}`);
}

/** The expert's wrap-up begins; with none configured the call is over once the citizen is gone. */
function wrapUp(draft: Draft): void {
  const { wrapUpSeconds } = draft.settings;
  effect(draft, { do: 'release', wrapUpSeconds });
  if (wrapUpSeconds > 0) {
    go(draft, 'wrap-up');
    // Routing tells the end; this stands behind it, should the telling be lost.
    return after(draft, wrapUpSeconds + WRAP_UP_GRACE_SECONDS, 'wrap-up-over');
  }
  endWrapUp(draft, draft.call.talk?.expertId ?? '');
  go(draft, draft.call.citizenGone ? 'ended' : 'leaving');
}

/** The line to the expert broke: the citizen goes back to the queue and, with the old score, to its head. */
function loseExpert(draft: Draft): void {
  endTalk(draft);
  endSegment(draft, 'fault');
  change(draft, { talk: null });
  effect(draft, { do: 'rejoin-queue' });
  wait(draft);
}

export const talking = row(
  {
    'outcome-set': setsOutcome,
    'citizen-gone': arrow(['wrap-up', 'ended'], (draft, event) => {
      endSegment(draft, 'citizen');
      change(draft, { ending: 'answered' });
      writeEnd(draft, event.cause);
      endTalk(draft);
      wrapUp(draft);
    }),
    'expert-failed': arrow(['waiting'], (draft, event) => {
      if (draft.call.talk?.offerId === event.offerId) loseExpert(draft);
    }),
    'expert-gone': arrow(['wrap-up', 'leaving', 'waiting'], (draft, event) => {
      if (draft.call.talk?.offerId !== event.offerId) return;
      if (event.cause !== null && event.cause !== NORMAL_CLEARING) return loseExpert(draft);
      endSegment(draft, 'expert');
      change(draft, { ending: 'answered' });
      // The expert's leg is gone already: whoever waits for this expert need not wait until the bridge is put away.
      wrapUp(draft);
      endTalk(draft, event.cause !== null);
      play(draft, goodbye);
      after(draft, LONGEST_WORDS_SECONDS, 'last-words');
    }),
  },
  'two people are talking; the keys are theirs',
);

function finishWrapUp(draft: Draft, expertId: string): void {
  endWrapUp(draft, expertId);
  if (draft.call.citizenGone) return go(draft, 'ended');
  go(draft, 'leaving');
  after(draft, LONGEST_WORDS_SECONDS, 'last-words');
}

export const wrappingUp = row(
  {
    'outcome-set': setsOutcome,
    'citizen-gone': arrow([], (draft, event) => {
      if (!draft.call.citizenGone) writeEnd(draft, event.cause);
    }),
    'playback-finished': arrow([], (draft, event) => {
      if (finished(draft, event.playbackId)) effect(draft, { do: 'hang-up-citizen' });
    }),
    offered: notWaiting,
    timer: arrow(['ended', 'leaving'], (draft, event) => {
      if (event.name !== 'wrap-up-over') return effect(draft, { do: 'hang-up-citizen' });
      effect(draft, { do: 'release', wrapUpSeconds: 0 });
      finishWrapUp(draft, draft.call.talk?.expertId ?? '');
    }),
    'wrap-up-ended': arrow(['ended', 'leaving'], (draft, { expertId }) => finishWrapUp(draft, expertId)),
  },
  'the expert writes down what came of it',
);
