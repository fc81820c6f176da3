import { sameExpertFirst } from '../routing/windows.ts';
import { cutOff } from './phrases.ts';
import { closeAsLost, notWaiting } from './endings.ts';
import { setsOutcome } from './reception.ts';
import { farewell, goOn, lastWordsOver, rates, sayGoodbye, silence } from './survey.ts';
import { after, arrow, change, effect, go, iso, play, record, row, type Draft } from './table.ts';
import { wait } from './waiting.ts';

/** The talk itself and the expert's wrap-up after it. */

/** Q.850 16: normal clearing. Whatever else ends an expert's leg in a talk is a fault of the line. */
const NORMAL_CLEARING = 16;
export const WRAP_UP_GRACE_SECONDS = 5;

/** A telephone sends 50 packets a second, or 2 where it saves silence. The exchange has had no answer for 2 s already. */
const LISTEN_SECONDS = 1;
/** A page that is left may send for a moment after its connection was closed. What is heard for longer lives. */
const MOST_COUNTS = 4;

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
  change(draft, { citizenGone: true, playing: null, survey: null });
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

/**
 * The line to the expert broke: the citizen goes back to the queue and, with the old score, to its head, kept for the same
 * expert for a while. There is no wrap-up: what there is to write down is not over, and the expert shall be free at once.
 */
function loseExpert(draft: Draft): void {
  const { talk } = draft.call;
  const { sameExpertSeconds } = draft.settings;
  endTalk(draft);
  endSegment(draft, 'fault');
  const window = talk === null ? null : sameExpertFirst(talk.expertId, draft.now, sameExpertSeconds);
  change(draft, { talk: null, listening: null, window });
  effect(draft, { do: 'rejoin-queue' });
  play(draft, cutOff);
  wait(draft);
}

/** While their voice comes the talk goes on, whatever became of the telephone's registration. */
function listen(draft: Draft, packets: number | null): void {
  const { listening } = draft.call;
  if (listening === null) return;
  if (packets !== null && packets === listening.packets) return loseExpert(draft);
  const counts = listening.counts + 1;
  if (packets === null || counts === MOST_COUNTS) return change(draft, { listening: null });
  change(draft, { listening: { packets, counts } });
  after(draft, LISTEN_SECONDS, 'listen-again');
}

export function beginToListen(draft: Draft): void {
  const { talk } = draft.call;
  if (talk === null) return;
  change(draft, { listening: { packets: null, counts: 0 } });
  effect(draft, { do: 'count-packets', offerId: talk.offerId });
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
    // The expert's telephone was cut off as well: no wrap-up holds it back once it is there again.
    'exchange-lost': arrow(['ended'], (draft) => {
      endSegment(draft, 'fault');
      effect(draft, { do: 'release', wrapUpSeconds: 0 });
      closeAsLost(draft);
    }),
    // The expert has hung up while nobody was here, and the watchdog has let the citizen go.
    'handed-over': arrow(['wrap-up', 'ended'], (draft) => {
      endSegment(draft, 'expert');
      change(draft, { ending: 'answered' });
      writeEnd(draft, null);
      endTalk(draft);
      wrapUp(draft);
    }),
    'expert-failed': arrow(['waiting'], (draft, event) => {
      if (draft.call.talk?.offerId === event.offerId) loseExpert(draft);
    }),
    'telephone-vanished': arrow([], (draft, { offerId }) => {
      if (draft.call.talk?.offerId === offerId && draft.call.listening === null) beginToListen(draft);
    }),
    'packets-told': arrow(['waiting'], (draft, event) => {
      if (draft.call.talk?.offerId === event.offerId) listen(draft, event.packets);
    }),
    'recording-switched': arrow([], (draft, { offerId, paused, actor }) => {
      if (draft.call.talk?.offerId !== offerId) return;
      record(draft, { kind: paused ? 'recording.paused' : 'recording.resumed', data: { offerId } }, actor);
    }),
    timer: arrow([], (draft, event) => {
      const { talk, listening } = draft.call;
      if (event.name !== 'listen-again' || talk === null || listening === null) return;
      effect(draft, { do: 'count-packets', offerId: talk.offerId });
    }),
    'expert-gone': arrow(['wrap-up', 'leaving', 'waiting'], (draft, event) => {
      const { talk } = draft.call;
      if (talk?.offerId !== event.offerId) return;
      if (event.cause !== null && event.cause !== NORMAL_CLEARING) return loseExpert(draft);
      endSegment(draft, 'expert');
      change(draft, { ending: 'answered' });
      // The expert's leg is gone already: whoever waits for this expert need not wait until the bridge is put away.
      wrapUp(draft);
      endTalk(draft, event.cause !== null);
      if (event.unheard === true) sayGoodbye(draft);
      else farewell(draft, draft.now - talk.startedAt);
    }),
  },
  'two people are talking; the keys are theirs',
);

function finishWrapUp(draft: Draft, expertId: string): void {
  endWrapUp(draft, expertId);
  if (draft.call.citizenGone) return go(draft, 'ended');
  go(draft, 'leaving');
  goOn(draft);
}

function isOver(draft: Draft): void {
  if (!draft.call.citizenGone) writeEnd(draft, null);
}

export const wrappingUp = row(
  {
    'outcome-set': setsOutcome,
    'citizen-gone': arrow([], (draft, event) => {
      if (!draft.call.citizenGone) writeEnd(draft, event.cause);
    }),
    // The talk itself was over.
    'exchange-lost': arrow([], isOver),
    'handed-over': arrow([], isOver),
    'citizen-digit': rates,
    'playback-finished': lastWordsOver,
    offered: notWaiting,
    timer: arrow(['ended', 'leaving'], (draft, event) => {
      if (event.name !== 'wrap-up-over') return silence(draft, event.name);
      effect(draft, { do: 'release', wrapUpSeconds: 0 });
      finishWrapUp(draft, draft.call.talk?.expertId ?? '');
    }),
    'wrap-up-ended': arrow(['ended', 'leaving'], (draft, { expertId }) => finishWrapUp(draft, expertId)),
  },
  'the expert writes down what came of it',
);
