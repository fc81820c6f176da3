import { describe, expect, it } from 'vitest';
import { revive, withoutCitizen } from '../../src/calls/revival.ts';
import {
  deeds,
  entries,
  feed,
  feedAt,
  inMenu,
  inQueue,
  isConnecting,
  isRinging,
  isTalking,
  kinds,
  NOW,
  offered,
  settings,
  start,
  timer,
  wordsOver,
} from '../support/call-fixtures.ts';

const take = (walk: ReturnType<typeof start>, legAlive = true) => revive(walk.call, legAlive, settings, NOW);

describe('a citizen on the way to the message service', () => {
  const asksForMessage = () => feedAt(NOW + 5000, inQueue(), { type: 'citizen-digit', digit: '2' });
  const toService = { do: 'to-fallback', wish: 'message' };

  it('is taken there once more by the process that takes the call up, and let go only if that fails too', () => {
    const walk = asksForMessage();
    expect(walk.effects).toContainEqual(toService);
    const step = take(walk);
    expect(step.effects).toContainEqual(toService);
    expect(deeds(step.effects)).not.toContain('hang-up-citizen');
    expect(deeds(revive(step.call, true, settings, NOW).effects)).toContain('hang-up-citizen');
  });

  it('is taken there once more where the request came to nothing', () => {
    const late = feed(asksForMessage(), timer('last-words'));
    expect(late.call).toMatchObject({ state: 'leaving', ending: null });
    expect(late.effects).toContainEqual(toService);
    const over = feed(late, timer('last-words'));
    expect(over.call).toMatchObject({ ending: 'failed' });
    expect(deeds(over.effects)).toEqual(['hang-up-citizen']);
  });
});

describe('a call of whom nobody is on the line any more', () => {
  it('has an end to its wrap-up all the same, and nothing else is done', () => {
    const wrapUp = feed(isTalking(), { type: 'citizen-gone', cause: 16 });
    expect(wrapUp.call.state).toBe('wrap-up');
    expect(withoutCitizen(wrapUp.call, settings, NOW).effects).toEqual([
      expect.objectContaining({ do: 'timer', name: 'wrap-up-over' }),
    ]);
    expect(withoutCitizen(inQueue().call, settings, NOW).effects).toEqual([]);
  });
});

describe('a call taken up by another process', () => {
  it.each([
    ['greeting', start()],
    ['menu', inMenu()],
  ])('in %s is asked again', (_state, walk) => {
    const step = take(walk);
    expect(step.call).toMatchObject({ state: 'menu', specialty: null });
    expect(step.effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['clinic/menu'] }));
  });

  it.each([
    ['position', inQueue()],
    ['ringing', isRinging()],
    ['connecting', isConnecting()],
  ])('in %s waits again with the old score, its expert gone', (_state, walk) => {
    const step = take(walk, false);
    expect(step.call).toMatchObject({ state: 'waiting', queuedAt: walk.call.queuedAt, offer: null });
    expect(deeds(step.effects)).toContain('rejoin-queue');
  });

  it('ends the offer it finds under way, and goes on numbering', () => {
    const ringing = isRinging();
    const step = take(ringing, false);
    expect(step.effects).toContainEqual({ do: 'end-talk', offerId: 'o1' });
    expect(entries(step.effects)).toEqual([
      expect.objectContaining({ kind: 'offer.ended', seq: ringing.call.seq + 1 }),
    ]);
  });

  it('rings on where the telephone still rings, with a time limit of its own', () => {
    const ringing = feed(inQueue(), wordsOver, offered('o1'));
    const step = take(ringing);
    expect(step.call).toEqual({ ...ringing.call, visit: ringing.call.visit + 1 });
    expect(step.effects).toEqual([
      { do: 'music', on: true },
      { do: 'timer', name: 'no-answer', visit: step.call.visit, seconds: settings.ringSeconds },
    ]);
    const answered = feed({ ...step, all: [] }, { type: 'expert-answered', offerId: 'o1' });
    expect(answered.call.state).toBe('connecting');
  });

  it('gives the citizen music where the place was being told while the telephone rings', () => {
    expect(deeds(take(isRinging()).effects)).toEqual(['stop-playing', 'music', 'timer']);
  });

  it('joins on where the expert has answered, whether the two are joined already or not', () => {
    const step = take(isConnecting());
    expect(step.call).toMatchObject({ state: 'connecting', offer: { offerId: 'o1' } });
    expect(deeds(step.effects)).toEqual(['stop-playing', 'accept']);
    const accepted = { type: 'accept-told', offerId: 'o1', accepted: true } as const;
    const joined = feed({ ...step, all: [] }, accepted, { type: 'bridged', offerId: 'o1' });
    expect(joined.call).toMatchObject({ state: 'talking', talk: { expertId: 'e001' } });
  });

  it('leaves a talk alone', () => {
    const step = take(isTalking());
    expect(step).toEqual({ call: isTalking().call, effects: [] });
  });

  it('listens again to an expert whose telephone had vanished', () => {
    const vanished = feed(isTalking(), { type: 'telephone-vanished', offerId: 'o1' });
    const counted = feed(vanished, { type: 'packets-told', offerId: 'o1', packets: 500 });
    const step = take(counted);
    expect(step.call).toMatchObject({ state: 'talking', listening: { packets: null } });
    expect(deeds(step.effects)).toEqual(['count-packets']);
  });

  it('hangs up a citizen whose goodbye was cut off', () => {
    const goodbye = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: 16 });
    expect(deeds(take(goodbye).effects)).toEqual(['stop-playing', 'timer', 'hang-up-citizen']);
    const gone = feed(goodbye, { type: 'citizen-gone', cause: 16 });
    expect(deeds(take(gone).effects)).toEqual(['timer']);
  });

  it('first silences what still sounds: Asterisk does nothing else on a channel meanwhile', () => {
    const sounding = inQueue();
    expect(sounding.call.playing).not.toBeNull();
    expect(take(sounding).effects[0]).toEqual({ do: 'stop-playing', playbackId: sounding.call.playing });
  });

  it('ignores the timers of the process that is gone', () => {
    const waiting = take(isRinging(), false).call;
    const late = feed(
      { call: waiting, effects: [], all: [] },
      { type: 'timer', name: 'no-answer', visit: isRinging().call.visit },
    );
    expect(late.call).toBe(waiting);
    expect(kinds(late.effects)).toEqual([]);
  });
});
