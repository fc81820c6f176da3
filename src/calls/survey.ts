import * as phrases from './phrases.ts';
import type { Phrase } from './phrases.ts';
import type { TimerName } from './call.ts';
import {
  after,
  arrow,
  change,
  effect,
  finished,
  LONGEST_WORDS_SECONDS,
  play,
  record,
  type Draft,
} from './table.ts';

/**
 * What the citizen hears who stays when the expert has hung up: a question about the talk, and the goodbye.
 *
 * It is no state of its own but a piece of the call (`survey`) beside the states wrap-up and leaving: the expert's wrap-up
 * begins, lasts and ends as if nobody were asked, and whichever of the two takes longer goes on by itself. A hang-up is no
 * answer, and how the call ended was known before the question.
 */

/** A wrong key or silence is asked about once more. */
const MOST_ASKINGS = 2;
const SCORES = '12345';

/** The expert has hung up and the citizen is still there. talkedMs: how long they have talked. */
export function farewell(draft: Draft, talkedMs: number): void {
  const { surveyMinTalkSeconds } = draft.settings;
  const isAsked = surveyMinTalkSeconds !== null && talkedMs >= surveyMinTalkSeconds * 1000;
  if (isAsked) ask(draft, phrases.survey, 1);
  else sayGoodbye(draft);
}

export const sayGoodbye = (draft: Draft): void => part(draft, phrases.goodbye);

/** Taken up by another process in the middle of the question: it is asked again, which the citizen cannot help. */
export function askOn(draft: Draft): void {
  ask(draft, phrases.survey, draft.call.survey?.askings ?? 1);
}

/** Another state has been entered, and the timers of the one before are gone with it. */
export function goOn(draft: Draft): void {
  const { survey } = draft.call;
  if (survey === null) return after(draft, LONGEST_WORDS_SECONDS, 'last-words');
  const { until } = survey;
  const seconds = until === null ? LONGEST_WORDS_SECONDS : Math.max(0, until - draft.now) / 1000;
  after(draft, seconds, 'silence');
}

function ask(draft: Draft, words: Phrase, askings: number): void {
  change(draft, { survey: { askings, until: null } });
  play(draft, words);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

function part(draft: Draft, words: Phrase): void {
  change(draft, { survey: null });
  play(draft, words);
  after(draft, LONGEST_WORDS_SECONDS, 'last-words');
}

function miss(draft: Draft, words: Phrase): void {
  const { survey } = draft.call;
  if (survey === null) return;
  if (survey.askings >= MOST_ASKINGS) sayGoodbye(draft);
  else ask(draft, words, survey.askings + 1);
}

/** A key counts from the first word of the question on; before and after it means nothing. */
export const rates = arrow<'citizen-digit'>([], (draft, { digit }) => {
  const { survey, talk } = draft.call;
  if (survey === null || talk === null) return;
  if (!SCORES.includes(digit)) return miss(draft, phrases.surveyWrongKey);
  record(
    draft,
    { kind: 'survey.answered', data: { score: Number(digit), expertId: talk.expertId } },
    'citizen',
  );
  part(draft, phrases.surveyThanks);
});

export const lastWordsOver = arrow<'playback-finished'>([], (draft, { playbackId }) => {
  if (!finished(draft, playbackId)) return;
  const { survey } = draft.call;
  if (survey === null) return effect(draft, { do: 'hang-up-citizen' });
  const { menuTimeoutSeconds } = draft.settings;
  change(draft, { survey: { ...survey, until: draft.now + menuTimeoutSeconds * 1000 } });
  after(draft, menuTimeoutSeconds, 'silence');
});

/** A timer of the survey or of the last words has run out. */
export function silence(draft: Draft, name: TimerName): void {
  if (name === 'silence') miss(draft, phrases.survey);
  else effect(draft, { do: 'hang-up-citizen' });
}
