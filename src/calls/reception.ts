import type { Phrase } from './phrases.ts';
import * as phrases from './phrases.ts';
import type { Ending } from './ledger.ts';
import {
  after,
  arrow,
  change,
  effect,
  finished,
  go,
  hush,
  iso,
  play,
  record,
  row,
  type Draft,
} from './table.ts';

/** From the greeting to the chosen specialty, and the last words to whom we cannot serve. */

/** If Asterisk never tells that words are over, the call goes on after this time all the same. */
export const LONGEST_WORDS_SECONDS = 60;

/** Writes the end of the call; the citizen's leg is gone. */
export function close(draft: Draft, ending: Ending, cause: number | null, note: string | null = null): void {
  const { state } = draft.call;
  change(draft, { ending, citizenGone: true, playing: null });
  record(
    draft,
    { kind: 'call.ended', data: { ending, endedAt: iso(draft.now), state, cause, note } },
    'citizen',
  );
  go(draft, 'ended');
}

/** Says the last words and hangs up afterwards; how the call ended is known from now on. */
export function dismiss(draft: Draft, ending: Ending, words: Phrase): void {
  change(draft, { ending });
  go(draft, 'leaving');
  play(draft, words);
  after(draft, LONGEST_WORDS_SECONDS, 'last-words');
}

function prompt(draft: Draft, words: Phrase): void {
  go(draft, 'menu');
  play(draft, words);
  after(draft, LONGEST_WORDS_SECONDS, 'silence');
}

function choose(draft: Draft, digit: string): void {
  if (digit === '0') return prompt(draft, phrases.menu);
  const specialty = draft.settings.specialties[digit];
  if (specialty === undefined) return miss(draft, digit);
  record(draft, { kind: 'menu.chosen', data: { specialty, by: 'digit' } }, 'citizen');
  askHours(draft, specialty);
}

function miss(draft: Draft, digit: string | null): void {
  const attempt = draft.call.menuMisses + 1;
  change(draft, { menuMisses: attempt });
  record(draft, { kind: 'menu.missed', data: { digit, attempt } }, 'citizen');
  if (attempt < draft.settings.menuPrompts)
    return prompt(draft, digit === null ? phrases.noDigit : phrases.wrongDigit);
  // A telephone without keys, or a citizen who cannot use them, still reaches a person.
  const specialty = draft.settings.defaultSpecialty;
  record(draft, { kind: 'menu.chosen', data: { specialty, by: 'default' } });
  askHours(draft, specialty);
}

function askHours(draft: Draft, specialty: string | null): void {
  hush(draft);
  change(draft, { specialty, digit: null });
  go(draft, 'hours-check');
  effect(draft, { do: 'ask-hours', specialty });
}

function join(draft: Draft): void {
  change(draft, { queuedAt: draft.now });
  go(draft, 'position');
  effect(draft, { do: 'join-queue' });
}

const hangsUp = arrow<'citizen-gone'>(['ended'], (draft, event) => close(draft, 'abandoned', event.cause));

/** An offer made while the citizen stands in no queue: routing is told so, and the expert is free again. */
export const notWaiting = arrow<'offered'>([], (draft) => effect(draft, { do: 'leave-queue' }));

export const greeting = row(
  {
    'citizen-gone': hangsUp,
    offered: notWaiting,
    'citizen-digit': arrow(['menu', 'hours-check'], (draft, event) => choose(draft, event.digit)),
    'playback-finished': arrow(['hours-check'], (draft, event) => {
      if (finished(draft, event.playbackId)) askHours(draft, null);
    }),
    timer: arrow(['hours-check'], (draft) => askHours(draft, null)),
  },
  'nobody has been asked for yet',
);

export const hoursCheck = row(
  {
    'citizen-gone': hangsUp,
    offered: notWaiting,
    'citizen-digit': arrow([], (draft, event) => change(draft, { digit: event.digit })),
    'hours-told': arrow(['menu', 'hours-check', 'position', 'leaving'], (draft, event) => {
      const { specialty, open, reason, opensAt, words } = event;
      record(draft, { kind: 'hours.checked', data: { specialty, open, reason, opensAt } });
      if (!open) return dismiss(draft, 'closed', words);
      if (specialty !== null) return join(draft);
      return draft.call.digit === null ? prompt(draft, phrases.menu) : choose(draft, draft.call.digit);
    }),
  },
  'nobody has been asked for yet',
);

export const menu = row(
  {
    'citizen-gone': hangsUp,
    offered: notWaiting,
    'citizen-digit': arrow(['menu', 'hours-check'], (draft, event) => choose(draft, event.digit)),
    'playback-finished': arrow([], (draft, event) => {
      if (finished(draft, event.playbackId)) after(draft, draft.settings.menuTimeoutSeconds, 'silence');
    }),
    timer: arrow(['menu', 'hours-check'], (draft) => miss(draft, null)),
  },
  'nobody has been asked for yet',
);

/** Only the expert of this very talk can say what came of it. */
export const setsOutcome = arrow<'outcome-set'>([], (draft, { expertId, code }) => {
  if (draft.call.talk?.expertId !== expertId) return;
  record(
    draft,
    { kind: 'outcome.set', data: { code, note: null, followUp: false, setAt: iso(draft.now) } },
    `expert:${expertId}`,
  );
});

export const leaving = row(
  {
    'citizen-gone': arrow(['ended'], (draft, event) =>
      close(draft, draft.call.ending ?? 'failed', event.cause),
    ),
    'handed-over': arrow(['ended'], (draft) => go(draft, 'ended')),
    'playback-finished': arrow([], (draft, event) => {
      if (finished(draft, event.playbackId)) effect(draft, { do: 'hang-up-citizen' });
    }),
    timer: arrow([], (draft) => effect(draft, { do: 'hang-up-citizen' })),
    'expert-answered': arrow([], (draft, event) =>
      effect(draft, { do: 'stop-ringing', offerId: event.offerId }),
    ),
    offered: notWaiting,
    'outcome-set': setsOutcome,
  },
  'the last words are being said; the queue has been left',
);

export const ended = row({}, 'nothing happens to a call that is over');
