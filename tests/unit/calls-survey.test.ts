import { describe, expect, it } from 'vitest';
import type { Call, CallEvent } from '../../src/calls/call.ts';
import { step } from '../../src/calls/machine.ts';
import { revive } from '../../src/calls/revival.ts';
import {
  deeds,
  entries,
  isTalking,
  kinds,
  NOW,
  settings as usual,
  timer,
  wordsOver,
  type Walk,
} from '../support/call-fixtures.ts';

/** What the citizen is asked who stays when the expert has hung up, and what it changes: nothing of anybody else's. */

const settings = { ...usual, surveyMinTalkSeconds: 10 };
const LONG_ENOUGH = NOW + 10_000;
const digit = (key: string): CallEvent => ({ type: 'citizen-digit', digit: key });
const expertGone = (cause: number | null = 16): CallEvent => ({ type: 'expert-gone', offerId: 'o1', cause });
const wrapUpEnded: CallEvent = { type: 'wrap-up-ended', expertId: 'e001' };
const hangUp: CallEvent = { type: 'citizen-gone', cause: 16 };
const silence = timer('silence');

type Maker = CallEvent | ((call: Call) => CallEvent);

function feed(walk: Walk, ...events: Maker[]): Walk {
  return events.reduce((before, event) => {
    const next = step(
      before.call,
      typeof event === 'function' ? event(before.call) : event,
      settings,
      LONG_ENOUGH,
    );
    return { ...next, all: [...before.all, ...next.effects] };
  }, walk);
}

const isAsked = () => feed(isTalking(), expertGone());
const sounds = ({ effects }: Pick<Walk, 'effects'>) =>
  effects.flatMap((effect) => (effect.do === 'play' ? [effect.sounds] : []));
const marks = (walk: Walk) => entries(walk.all).filter(({ kind }) => kind === 'survey.answered');
const QUESTION = ['survey/question'];
const GOODBYE = ['talk/goodbye'];

describe('the survey', () => {
  it('is asked when the expert hangs up, and costs the expert nothing', () => {
    const walk = isAsked();
    expect(walk.call).toMatchObject({ state: 'wrap-up', ending: 'answered', survey: { askings: 1 } });
    expect(deeds(walk.effects)).toEqual(['release', 'timer', 'end-talk', 'play', 'timer']);
    expect(walk.effects[1]).toEqual({ do: 'release', wrapUpSeconds: 30 });
    expect(sounds(walk)).toEqual([QUESTION]);
  });

  it.each([
    ['a talk shorter than that', expertGone(), NOW + 9_999, settings],
    ['where it is switched off', expertGone(), NOW + 3_600_000, { ...settings, surveyMinTalkSeconds: null }],
  ])('is not asked after %s', (_when, event, now, by) => {
    const walk = step(isTalking().call, event, by, now);
    expect(walk.call).toMatchObject({ state: 'wrap-up', survey: null });
    expect(sounds(walk)).toEqual([GOODBYE]);
  });

  it('is not asked after a talk that a fault ended or may have ended, nor of a citizen who has hung up', () => {
    expect(feed(isTalking(), expertGone(44)).call).toMatchObject({ state: 'waiting', survey: null });
    const unheard = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: null, unheard: true });
    expect(unheard.call).toMatchObject({ state: 'wrap-up', survey: null });
    expect(sounds(unheard)).toEqual([GOODBYE]);
    const gone = feed(isTalking(), hangUp, expertGone());
    expect(gone.call).toMatchObject({ state: 'wrap-up', survey: null });
    expect(sounds({ effects: gone.all.slice(isTalking().all.length) })).toEqual([]);
  });

  it.each(['1', '2', '3', '4', '5'])('takes %s during the question, thanks and says goodbye', (key) => {
    const walk = feed(isAsked(), digit(key));
    expect(entries(walk.effects)).toEqual([
      expect.objectContaining({
        ...{ kind: 'survey.answered', actor: 'citizen' },
        data: { score: Number(key), expertId: 'e001' },
      }),
    ]);
    expect(deeds(walk.effects)).toEqual(['stop-playing', 'play', 'timer']);
    expect(sounds(walk)).toEqual([['survey/thanks', 'talk/goodbye']]);
    expect(deeds(feed(walk, wordsOver).effects)).toEqual(['hang-up-citizen']);
  });

  it('takes a key in the silence after the question', () => {
    const silent = feed(isAsked(), wordsOver);
    expect(silent.effects).toEqual([
      { do: 'timer', name: 'silence', visit: silent.call.visit, seconds: settings.menuTimeoutSeconds },
    ]);
    expect(marks(feed(silent, digit('3')))).toHaveLength(1);
  });

  it.each(['0', '6', '9', '*', '#'])('says of %s that it is none, asks once more, and no more', (key) => {
    const again = feed(isAsked(), digit(key));
    expect(sounds(again)).toEqual([['m137/invalid', 'survey/question']]);
    expect(marks(feed(again, digit('2')))).toHaveLength(1);
    const over = feed(again, digit(key));
    expect(sounds(over)).toEqual([GOODBYE]);
    expect(marks(feed(over, digit('2')))).toEqual([]);
  });

  it('asks into silence once more, then says goodbye and hangs up', () => {
    const again = feed(isAsked(), wordsOver, silence);
    expect(sounds(again)).toEqual([QUESTION]);
    const over = feed(again, wordsOver, silence);
    expect(sounds(over)).toEqual([GOODBYE]);
    expect(deeds(feed(over, wordsOver).effects)).toEqual(['hang-up-citizen']);
    expect(marks(over)).toEqual([]);
  });

  it('counts one key; what is keyed in the talk or in the goodbye is none', () => {
    expect(marks(feed(isTalking(), digit('1'), expertGone()))).toEqual([]);
    expect(marks(feed(isAsked(), digit('4'), digit('1'), wordsOver, digit('2')))).toMatchObject([
      { data: { score: 4 } },
    ]);
    // The timer of the question is still there: it must not end the goodbye.
    expect(feed(isAsked(), digit('4'), silence).effects).toEqual([]);
  });

  it('goes on when Asterisk never tells that the question is over', () => {
    expect(sounds(feed(isAsked(), silence))).toEqual([QUESTION]);
    expect(deeds(feed(isAsked(), silence, silence, timer('last-words')).effects)).toEqual([
      'hang-up-citizen',
    ]);
  });

  it.each<[string, Maker[]]>([
    ['in the question', []],
    ['in the silence', [wordsOver]],
    ['in the question asked again', [digit('9')]],
    ['in the thanks', [digit('5')]],
  ])('hung up on %s is an answered call like any other', (_when, before) => {
    for (const rest of [
      [hangUp, wrapUpEnded],
      [wrapUpEnded, hangUp],
    ]) {
      const walk = feed(isAsked(), ...before, ...rest);
      expect(walk.call.state).toBe('ended');
      const ends = entries(walk.all).filter(({ kind }) => kind === 'call.ended');
      expect(ends).toMatchObject([{ data: { ending: 'answered' } }]);
    }
  });

  it('asks no citizen who has hung up once more', () => {
    const gone = feed(isAsked(), wordsOver, hangUp);
    expect(gone.call).toMatchObject({ state: 'wrap-up', survey: null });
    expect(feed(gone, silence, digit('3')).effects).toEqual([]);
  });
});

describe('the end of the wrap-up', () => {
  it.each<[string, Maker[], number]>([
    ['the question sounds', [], 60],
    ['a key is waited for', [wordsOver], settings.menuTimeoutSeconds],
  ])('does not cut the survey off while %s', (_when, before, seconds) => {
    const walk = feed(isAsked(), ...before, wrapUpEnded);
    expect(walk.call).toMatchObject({ state: 'leaving', survey: { askings: 1 } });
    expect(kinds(walk.effects)).toEqual(['wrap-up.ended']);
    expect(walk.effects).toContainEqual({ do: 'timer', name: 'silence', visit: walk.call.visit, seconds });
    expect(deeds(walk.effects)).toEqual(['timer']);
    const rated = feed(walk, digit('5'), wordsOver, hangUp);
    expect(marks(rated)).toHaveLength(1);
    expect(rated.call.state).toBe('ended');
  });

  it('does not lengthen the silence in which a key is waited for', () => {
    const silent = feed(isAsked(), wordsOver);
    const later = step(silent.call, wrapUpEnded, settings, LONG_ENOUGH + 2500);
    const seconds = settings.menuTimeoutSeconds - 2.5;
    expect(later.effects).toContainEqual({ do: 'timer', name: 'silence', visit: later.call.visit, seconds });
  });

  it('is that of a wrap-up of no length too', () => {
    const none = { ...settings, wrapUpSeconds: 0 };
    const walk = step(isTalking().call, expertGone(), none, LONG_ENOUGH);
    expect(walk.call).toMatchObject({ state: 'leaving', survey: { askings: 1 } });
    expect(kinds(walk.effects)).toEqual(['segment.ended', 'wrap-up.ended']);
    expect(sounds(walk)).toEqual([QUESTION]);
  });

  it('comes by itself while the citizen still thinks', () => {
    const walk = feed(isAsked(), wordsOver, timer('wrap-up-over'));
    expect(walk.call).toMatchObject({ state: 'leaving', survey: { askings: 1 } });
    expect(walk.effects).toContainEqual({ do: 'release', wrapUpSeconds: 0 });
  });
});

describe('in the survey', () => {
  const lost: CallEvent = { type: 'exchange-lost' };
  const handed: CallEvent = { type: 'handed-over', kept: true };
  const leaving = () => feed(isAsked(), wrapUpEnded);

  it.each([
    ['lost with the exchange', lost],
    ["in the dialplan's hands", handed],
  ])('a citizen %s was answered', (_how, event) => {
    for (const walk of [feed(isAsked(), event, wrapUpEnded), feed(leaving(), event)]) {
      expect(walk.call.state).toBe('ended');
      expect(entries(walk.all).filter(({ kind }) => kind === 'call.ended')).toMatchObject([
        { data: { ending: 'answered' } },
      ]);
    }
    expect(feed(isAsked(), event, digit('4'), silence).call.survey).toBeNull();
    expect(marks(feed(isAsked(), event, digit('4')))).toEqual([]);
  });

  it.each([
    ['wrap-up', isAsked, ['stop-playing', 'timer', 'play', 'timer']],
    ['leaving', leaving, ['stop-playing', 'play', 'timer']],
  ])('a call taken up in %s is asked again, and the asking is not counted', (state, at, wanted) => {
    const taken = revive(at().call, false, settings, LONG_ENOUGH);
    expect(taken.call).toMatchObject({ state, survey: { askings: 1 } });
    expect(deeds(taken.effects)).toEqual(wanted);
    expect(sounds(taken)).toEqual([QUESTION]);
    const rated = feed({ ...taken, all: [] }, digit('4'));
    expect(marks(rated)).toMatchObject([{ data: { score: 4, expertId: 'e001' } }]);
  });

  it('a call taken up after the mark is not asked again', () => {
    const rated = feed(isAsked(), digit('4'));
    expect(deeds(revive(rated.call, false, settings, LONG_ENOUGH).effects)).toEqual([
      ...['stop-playing', 'timer', 'hang-up-citizen'],
    ]);
  });

  it('an expert who says what came of the talk is heard', () => {
    const set: CallEvent = { type: 'outcome-set', expertId: 'e001', code: 'resolved' };
    for (const walk of [feed(isAsked(), set), feed(leaving(), set)])
      expect(kinds(walk.effects)).toEqual(['outcome.set']);
  });
});
