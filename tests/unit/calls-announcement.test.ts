import { describe, expect, it } from 'vitest';
import { begin, step } from '../../src/calls/machine.ts';
import { revive } from '../../src/calls/revival.ts';
import type { CallEvent, Effect } from '../../src/calls/call.ts';
import {
  arrival,
  NOW,
  offered,
  open,
  settings as usual,
  wordsOver,
  type Walk,
} from '../support/call-fixtures.ts';

/** Nobody is recorded who was not told so, to the end of the words. */

const settings = { ...usual, recordTalks: true };
const ANNOUNCED = 'clinic/recorded';

function enters(on = settings): Walk {
  const first = begin(arrival, on, NOW);
  return { ...first, all: first.effects };
}

type Fed = CallEvent | ((call: Walk['call']) => CallEvent);
const feed = (walk: Walk, on: typeof settings, ...events: Fed[]): Walk =>
  events.reduce((before, event) => {
    const next = step(before.call, typeof event === 'function' ? event(before.call) : event, on, NOW);
    return { ...next, all: [...before.all, ...next.effects] };
  }, walk);

const soundsOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.do === 'play' ? effect.sounds : []));
const digit: CallEvent = { type: 'citizen-digit', digit: '2' };
const TALK: Fed[] = [
  { type: 'queue-joined', position: 1 },
  offered('o1'),
  { type: 'expert-answered', offerId: 'o1' },
  { type: 'accept-told', offerId: 'o1', accepted: true },
  { type: 'bridged', offerId: 'o1' },
];
const RECORDS: Effect = { do: 'record-talk', offerId: 'o1' };

describe('the announcement', () => {
  it('ends the greeting; who hears it out goes to the queue at once and is recorded', () => {
    const first = enters();
    expect(soundsOf(first.effects)).toEqual(['clinic/greeting', ANNOUNCED]);
    const chosen = feed(first, settings, wordsOver, open(null), digit, open('transport'));
    expect(chosen.call.state).toBe('position');
    const talk = feed(chosen, settings, ...TALK);
    expect(talk.call.state).toBe('talking');
    expect(talk.all).toContainEqual(RECORDS);
    expect(soundsOf(talk.all).filter((sound) => sound === ANNOUNCED)).toHaveLength(1);
  });

  it('is said before the queue to who has pressed a key over it, and no key cuts it off', () => {
    const chosen = feed(enters(), settings, digit, open('transport'));
    expect(chosen.call.state).toBe('hours-check');
    expect(soundsOf(chosen.effects)).toEqual([ANNOUNCED]);
    const pressed = feed(chosen, settings, { type: 'citizen-digit', digit: '1' });
    expect(pressed.effects).toEqual([]);
    const queued = feed(pressed, settings, wordsOver);
    expect(queued.call).toMatchObject({ state: 'position', queuedAt: NOW, announced: true });
    expect(feed(queued, settings, ...TALK).all).toContainEqual(RECORDS);
  });

  it('that did not sound leads to the queue and to no recording', () => {
    const unheard = (call: Walk['call']): CallEvent => ({
      ...{ type: 'playback-finished', playbackId: call.playing ?? '', unheard: true },
    });
    const greeted = feed(enters(), settings, unheard, open(null), digit, open('transport'));
    expect(soundsOf(greeted.effects)).toEqual([ANNOUNCED]);
    const late: Fed = ({ visit }) => ({ type: 'timer', name: 'silence', visit });
    for (const over of [unheard, late]) {
      const talk = feed(greeted, settings, over, ...TALK);
      expect(talk.call.state).toBe('talking');
      expect(talk.all).not.toContainEqual(RECORDS);
    }
  });

  it('is not said where talks are not recorded, and none is', () => {
    const off = { ...settings, recordTalks: false };
    const talk = feed(enters(off), off, digit, open('transport'), ...TALK);
    expect(soundsOf(talk.all)).not.toContain(ANNOUNCED);
    expect(talk.all).not.toContainEqual(RECORDS);
    // Switched on meanwhile: who talks was not told.
    expect(revive(talk.call, true, settings, NOW).effects).not.toContainEqual(RECORDS);
  });
});

it('a successor goes on with the recording, and with none after it was switched off', () => {
  const talk = feed(enters(), settings, wordsOver, open(null), digit, open('transport'), ...TALK);
  expect(revive(talk.call, true, settings, NOW).effects).toContainEqual(RECORDS);
  expect(revive(talk.call, false, settings, NOW).effects).not.toContainEqual(RECORDS);
  const off = { ...settings, recordTalks: false };
  expect(revive(talk.call, true, off, NOW).effects).not.toContainEqual(RECORDS);
});

it('a citizen who is taken up in the midst of it hears the menu, and then the announcement', () => {
  const midst = feed(enters(), settings, digit, open('transport'));
  const again = revive(midst.call, false, settings, NOW);
  expect(again.call.state).toBe('menu');
  const chosen = feed({ ...again, all: [] }, settings, digit, open('transport'));
  expect(soundsOf(chosen.effects)).toEqual([ANNOUNCED]);
});
