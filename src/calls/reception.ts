import { announce, mustAnnounce, noteAnnounced } from './announcement.ts';
import type { Phrase } from './phrases.ts';
import * as phrases from './phrases.ts';
import { turnAway } from './closed.ts';
import { close, dismiss, isHandedOver, isHandedOverAtTheEnd, isLost, notWaiting } from './endings.ts';
import { needsFollowUp } from './outcomes.ts';
import { lastWordsOver, rates, silence } from './survey.ts';
import { askServiceAgain, grant } from './wishes.ts';
import {
  after,
  arrow,
  change,
  effect,
  finished,
  go,
  hush,
  iso,
  LONGEST_WORDS_SECONDS,
  play,
  record,
  row,
  type Draft,
} from './table.ts';

/** From the greeting to the chosen specialty, and the last words to whom we cannot serve. */

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

/** Who has not heard it with the greeting hears it now. */
function proceed(draft: Draft): void {
  if (mustAnnounce(draft)) announce(draft);
  else join(draft);
}

function join(draft: Draft): void {
  change(draft, { queuedAt: draft.now });
  go(draft, 'position');
  effect(draft, { do: 'join-queue' });
}

/**
 * A listed number: no expert is rung, and whoever is listed wrongly can say so, for a message may be left. Ending `abandoned`
 * stands for a hang-up before that; whatever is left makes it another. Outside of the hours too: a call back would ring an
 * expert. closed: why nobody answers, none while it is open.
 */
function offerMessageOnly(draft: Draft, specialty: string | null, closed: Phrase): void {
  record(draft, { kind: 'caller.listed', data: { specialty } });
  dismiss(draft, 'abandoned', [...closed, ...phrases.messageOnly]);
}

/** Whether the words of `offerMessageOnly` are the last ones. */
const isListed = ({ call }: Draft): boolean => call.state === 'leaving' && call.ending === 'abandoned';

const hangsUp = arrow<'citizen-gone'>(['ended'], (draft, event) => close(draft, 'abandoned', event.cause));

export const greeting = row(
  {
    'citizen-gone': hangsUp,
    'exchange-lost': isLost,
    'handed-over': isHandedOver,
    offered: notWaiting,
    'citizen-digit': arrow(['menu', 'hours-check'], (draft, event) => choose(draft, event.digit)),
    'playback-finished': arrow(['hours-check'], (draft, event) => {
      if (!finished(draft, event.playbackId)) return;
      noteAnnounced(draft, event);
      askHours(draft, null);
    }),
    timer: arrow(['hours-check'], (draft) => askHours(draft, null)),
  },
  'nobody has been asked for yet',
);

export const hoursCheck = row(
  {
    'citizen-gone': hangsUp,
    'exchange-lost': isLost,
    'handed-over': isHandedOver,
    offered: notWaiting,
    'citizen-digit': arrow([], (draft, event) => change(draft, { digit: event.digit })),
    'hours-told': arrow(['menu', 'hours-check', 'position', 'closed', 'leaving'], (draft, event) => {
      const { specialty, open, reason, opensAt, words } = event;
      record(draft, { kind: 'hours.checked', data: { specialty, open, reason, opensAt } });
      if (event.listed === true && (specialty !== null || !open))
        return offerMessageOnly(draft, specialty, open ? [] : words);
      if (!open) return turnAway(draft, words);
      if (specialty !== null) return proceed(draft);
      return draft.call.digit === null ? prompt(draft, phrases.menu) : choose(draft, draft.call.digit);
    }),
    // The announcement is over: nothing else is said here.
    'playback-finished': arrow(['position'], (draft, event) => {
      if (!finished(draft, event.playbackId)) return;
      noteAnnounced(draft, event);
      join(draft);
    }),
    // It was never told to be over: the talk is not recorded.
    timer: arrow(['position'], (draft) => {
      if (draft.call.specialty !== null && mustAnnounce(draft)) join(draft);
    }),
  },
  'nobody has been asked for yet',
);

export const menu = row(
  {
    'citizen-gone': hangsUp,
    'exchange-lost': isLost,
    'handed-over': isHandedOver,
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
    { kind: 'outcome.set', data: { code, note: null, followUp: needsFollowUp(code), setAt: iso(draft.now) } },
    `expert:${expertId}`,
  );
});

export const leaving = row(
  {
    // On the way to the message service, which has not got the citizen yet: what they wished for is written down.
    'citizen-gone': arrow(['ended'], (draft, event) =>
      close(draft, draft.call.ending ?? 'abandoned', event.cause),
    ),
    // What was left to say is not missed: how the call ends was known before.
    'exchange-lost': arrow(['ended'], (draft) =>
      close(draft, draft.call.ending ?? 'failed', null, 'exchange-lost', 'system'),
    ),
    'handed-over': isHandedOverAtTheEnd,
    'citizen-digit': rates,
    'playback-finished': arrow(['leaving'], (draft, event) => {
      if (!isListed(draft)) lastWordsOver.run(draft, event);
      else if (finished(draft, event.playbackId)) grant(draft, 'message');
    }),
    timer: arrow(['leaving'], (draft, { name }) => {
      if (isListed(draft)) return grant(draft, 'message');
      if (askServiceAgain(draft)) return;
      // The message service could not be reached: it is not the citizen who has left.
      if (draft.call.ending === null) change(draft, { ending: 'failed' });
      silence(draft, name);
    }),
    'expert-answered': arrow([], (draft, event) =>
      effect(draft, { do: 'stop-ringing', offerId: event.offerId }),
    ),
    offered: notWaiting,
    'outcome-set': setsOutcome,
  },
  'the last words are being said; the queue has been left',
);

export const ended = row({}, 'nothing happens to a call that is over');
