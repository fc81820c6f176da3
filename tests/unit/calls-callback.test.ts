import { describe, expect, it } from 'vitest';
import { waitingEntry } from '../../src/calls/queue-entry.ts';
import { beginCallback, step, type Step } from '../../src/calls/machine.ts';
import { rebuild } from '../../src/calls/rebuild.ts';
import { revive } from '../../src/calls/revival.ts';
import type { Call, CallEvent } from '../../src/calls/call.ts';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import { arrivalOf, callbackArrival } from '../../src/calls/arrival.ts';
import { createDiallingEffects } from '../../src/calls/dialling.ts';
import type { EffectDeps } from '../../src/calls/ports.ts';
import { callbackChannel, callIdOf, isOfEarlierStart } from '../../src/calls/identity.ts';
import {
  closed,
  deeds,
  entries,
  feed,
  feedAt,
  kinds,
  NOW,
  offered,
  open,
  settings,
  timer,
  wordsOver,
  type Walk,
} from '../support/call-fixtures.ts';

/** A call back, from its place in the queue to the talk or to the end of the attempt. */

const PLACE = NOW - 3_600_000;
const channelId = callbackChannel(NOW, 7);
const names = { channelId, callId: callIdOf('clinic', channelId) };
const number = '+989121234567';

function starts(): Walk {
  const promised = { callbackId: 'c1', number, specialty: 'transport', score: PLACE };
  const step = beginCallback(callbackArrival({ ...names, number }, 'clinic', NOW), promised, settings, NOW);
  return { ...step, all: step.effects };
}
const isDue = () => feed(starts(), { type: 'queue-joined', position: 1 });
const isDialling = () => feed(isDue(), offered('o1'), open('transport'));
const isInviting = () => feed(isDialling(), { type: 'citizen-answered' });
const digit = (key: string): CallEvent => ({ type: 'citizen-digit', digit: key });
const tried = (walk: Walk) =>
  entries(walk.all).flatMap((entry) => (entry.kind === 'callback.tried' ? [entry.data.result] : []));
const ending = (walk: Walk) =>
  entries(walk.all).flatMap((entry) => (entry.kind === 'call.ended' ? [entry.data.ending] : []));

describe('a due callback', () => {
  it('is written down first, and waits at the place of the call it was promised in', () => {
    const walk = starts();
    expect(walk.effects[0]).toMatchObject({
      do: 'record',
      entry: { kind: 'call.entered', seq: 1, data: { direction: 'outbound', caller: number } },
    });
    expect(deeds(walk.effects)).toEqual(['join-queue']);
    expect(waitingEntry(walk.call)).toMatchObject({ score: PLACE, queuedAt: NOW, specialty: 'transport' });
  });

  it('says in the ledger which place it is', () => {
    expect(entries(isDue().effects)).toMatchObject([{ kind: 'call.queued', data: { score: PLACE } }]);
  });

  it('asks for the hours when an expert is kept, and dials only then', () => {
    const kept = feed(isDue(), offered('o1'));
    expect(kept.call).toMatchObject({ state: 'dialling', offer: { offerId: 'o1' } });
    expect(deeds(kept.effects)).toEqual(['ask-hours']);
    expect(deeds(feed(kept, open('transport')).effects)).toEqual(['dial', 'timer']);
  });

  it('is not dialled outside of the hours, and the expert is free without a miss', () => {
    const walk = feed(isDue(), offered('o1'), closed('transport'));
    expect(deeds(walk.effects)).toEqual(['leave-queue']);
    expect([tried(walk), ending(walk), walk.call.state]).toEqual([['closed'], ['callback'], 'ended']);
  });

  it.each([open, closed])('is not dialled once its number is listed as a nuisance, at no hour', (told) => {
    const hours = told('transport') as Extract<CallEvent, { type: 'hours-told' }>;
    const walk = feed(isDue(), offered('o1'), { ...hours, listed: true });
    expect(deeds(walk.effects)).toEqual(['leave-queue']);
    expect([tried(walk), ending(walk), walk.call.state]).toEqual([['listed'], ['callback'], 'ended']);
  });

  it('asks for its place again while Redis is away', () => {
    const walk = feed(starts(), { type: 'queue-failed', code: 'redis-failed', detail: '' });
    expect(walk.effects).toMatchObject([{ do: 'timer', name: 'join-again' }]);
    expect(deeds(feed(walk, timer('join-again')).effects)).toEqual(['rejoin-queue']);
  });

  it('can be recalled as long as nobody is dialled', () => {
    const recalled = feed(isDue(), { type: 'recalled' });
    expect([tried(recalled), recalled.call.state]).toEqual([['recalled'], 'ended']);
    expect(feed(isDialling(), { type: 'recalled' }).call.state).toBe('dialling');
  });
});

describe('a citizen who is dialled', () => {
  it.each([
    [17, 'busy'],
    [19, 'no-answer'],
    [null, 'no-answer'],
    [21, 'rejected'],
    [1, 'unobtainable'],
    [34, 'unreachable'],
    [27, 'unreachable'],
  ])('and does not answer (%s) is an attempt that ends as %s', (cause, result) => {
    const walk = feed(isDialling(), { type: 'citizen-gone', cause });
    expect([tried(walk), ending(walk)]).toEqual([[result], ['callback']]);
    expect(deeds(walk.effects)).toEqual(['leave-queue']);
    expect(kinds(walk.effects)).toEqual(['offer.ended', 'callback.tried', 'call.ended']);
  });

  it('is hung up upon when the time is over, or nobody knows whether it rings', () => {
    for (const event of [timer('no-answer'), { type: 'dial-failed', reason: 'lost' } as const])
      expect(deeds(feed(isDialling(), event).effects)).toEqual(['hang-up-citizen', 'leave-queue']);
  });

  it('rings on though the kept expert vanishes; another is kept as soon as one is free', () => {
    const lost = feed(isDialling(), { type: 'expert-failed', offerId: 'o1', reason: 'unreachable' });
    expect(lost.call).toMatchObject({ state: 'dialling', offer: null });
    expect(deeds(lost.effects)).toEqual(['miss']);
    const other = feed(lost, offered('o2', 'e002'));
    expect(other.call).toMatchObject({ state: 'dialling', offer: { expertId: 'e002' } });
    expect(deeds(other.effects)).toEqual([]);
  });
});

describe('a citizen who answers', () => {
  it('hears who calls before anybody is rung', () => {
    const walk = isInviting();
    expect(walk.effects).toMatchObject([
      { do: 'play', sounds: ['callback/who', 'callback/keys'] },
      { do: 'timer' },
    ]);
    expect(walk.all.some((effect) => effect.do === 'ring')).toBe(false);
  });

  it('keys 1, and the kept expert is rung', () => {
    const walk = feed(isInviting(), digit('1'));
    expect(walk.call.state).toBe('ringing');
    expect(walk.effects).toContainEqual({
      do: 'ring',
      offer: { offerId: 'o1', expertId: 'e001', attempt: 1, madeAt: NOW },
    });
  });

  it('keys 1 twice, as people do, and is rung for all the same', () => {
    const walk = feedAt(NOW + 60_000, isInviting(), digit('1'), digit('1'));
    expect(walk.call.state).toBe('ringing');
    expect(waitingEntry(walk.call).score).toBe(PLACE);
  });

  it('would not wait for the expert, asks to be called, and is owed another call', () => {
    const walk = feed(isInviting(), digit('1'));
    const left = feedAt(NOW + 120_000, walk, digit('1'));
    expect(left.effects).toContainEqual({ do: 'to-fallback', wish: 'callback' });
    expect(tried(left)).toEqual(['postponed']);
    const message = feedAt(NOW + 120_000, walk, digit('2'));
    expect([tried(message), message.call.state]).toEqual([[], 'leaving']);
  });

  it('waits beyond the closing time, and is owed another call, whatever they key or say to it', () => {
    const closes: CallEvent = { type: 'closes', reason: 'outside-hours', opensAt: null, words: [] };
    const alone = feed(isInviting(), { type: 'expert-failed', offerId: 'o1', reason: 'lost' });
    const told = feed(feed(alone, digit('1')), closes);
    expect(told.call.state).toBe('closed');
    for (const event of [digit('1'), wordsOver, { type: 'citizen-gone', cause: 16 } as const])
      expect(tried(feedAt(NOW + 60_000, told, event))).toEqual(['closed']);
  });

  it('keys 1 when no expert is kept any more, and waits at the old place', () => {
    const alone = feed(isInviting(), { type: 'expert-failed', offerId: 'o1', reason: 'lost' });
    const walk = feed(alone, digit('1'));
    expect(walk.call.state).toBe('waiting');
    expect(deeds(walk.effects)).toContain('rejoin-queue');
    expect(feed(walk, offered('o2')).call.state).toBe('ringing');
  });

  it.each([
    ['2', 'postponed', 'callback/later'],
    ['3', 'not-needed', 'callback/not-needed'],
  ])('keys %s, hears that it is understood, and the expert is free at once', (key, result, words) => {
    const walk = feed(isInviting(), digit(key));
    expect(deeds(walk.effects)).toContain('leave-queue');
    expect(walk.effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: [words, 'talk/goodbye'] }) as object,
    );
    const over = feed(walk, wordsOver, { type: 'citizen-gone', cause: 16 });
    expect([tried(over), ending(over)]).toEqual([[result], ['callback']]);
  });

  it('says nothing twice: nobody is there', () => {
    const once = feed(isInviting(), wordsOver, timer('silence'));
    expect(once.effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: ['callback/keys'] }) as object,
    );
    const walk = feed(once, wordsOver, timer('silence'));
    expect([tried(walk), walk.call.state]).toEqual([['silent'], 'ended']);
    expect(deeds(walk.effects)).toContain('hang-up-citizen');
  });

  it('who hangs up has not been reached', () => {
    expect(tried(feed(isInviting(), { type: 'citizen-gone', cause: 16 }))).toEqual(['hung-up']);
  });
});

describe('where talks are recorded, a citizen who is called', () => {
  const recording = { ...settings, recordTalks: true };
  const next = (call: Call, event: CallEvent) => step(call, event, recording, NOW);
  const answered = () => next(isDialling().call, { type: 'citizen-answered' });

  it('hears so with who calls', () => {
    expect(answered().effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: ['callback/who', 'clinic/recorded', 'callback/keys'] }),
    );
  });

  it('is recorded only after having heard it to its end', () => {
    const { call } = answered();
    expect(next(call, wordsOver(call)).call.announced).toBe(true);
    expect(next(call, digit('1')).call.announced).toBeUndefined();
    // Asked again the citizen hears the keys alone.
    const wrong = next(call, digit('7')).call;
    expect(next(wrong, wordsOver(wrong)).call.announced).toBeUndefined();
  });
});

describe('taken up by another process', () => {
  const again = (call: Call, kept: boolean): Step => revive(call, kept, settings, NOW);

  it('a due callback asks for its place', () => {
    expect(deeds(again(isDue().call, false).effects)).toEqual(['rejoin-queue']);
  });

  it('a citizen who is dialled is not dialled again', () => {
    const { call, effects } = again(isDialling().call, true);
    expect(call).toMatchObject({ state: 'dialling', offer: { offerId: 'o1' } });
    expect(deeds(effects)).toEqual(['timer']);
  });

  it('one whose expert is reserved no longer goes on without', () => {
    const { call, effects } = again(isDialling().call, false);
    expect(call).toMatchObject({ state: 'dialling', offer: null });
    expect(deeds(effects)).toEqual(['rejoin-queue', 'timer']);
  });

  it('who was listening hears again who calls', () => {
    expect(again(isInviting().call, true).effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: ['callback/who', 'callback/keys'] }) as object,
    );
  });

  it('who was listening hears again that talks are recorded, and is recorded only then', () => {
    const recording = { ...settings, recordTalks: true };
    const { call, effects } = revive(isInviting().call, true, recording, NOW);
    expect(effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: ['callback/who', 'clinic/recorded', 'callback/keys'] }),
    );
    expect(call.announced).toBeUndefined();
    expect(step(call, wordsOver(call), recording, NOW).call.announced).toBe(true);
  });

  it('without a snapshot the old place is on the channel', () => {
    const variables = {
      ...{ CLINIC_SPECIALTY: 'transport', CLINIC_QUEUED_AT: String(NOW), CLINIC_SCORE: String(PLACE) },
    };
    const channel = {
      ...{ id: channelId, name: 'PJSIP/callbacks-1', state: 'Up', callerNumber: '', connectedNumber: '' },
      ...{ createdAt: NOW, application: 'Stasis', applicationData: '', context: 'nowhere', variables },
    };
    const arrival = callbackArrival({ ...names, number }, 'clinic', NOW);
    const call = rebuild(channel, arrival, { channels: [], bridges: [] }, NOW);
    expect(waitingEntry(call!)).toMatchObject({ score: PLACE, queuedAt: NOW });
  });
});

describe('its channel', () => {
  const callbacks = {
    ...{ trunk: 'trunk-137', ringSeconds: 30, dialled: (one: string) => one },
    ...{ allows: () => true, isHere: () => false },
  };

  it('tells when the call began, so that each rebuilding numbers above the one before', async () => {
    const asked: Parameters<Telephony['originate']>[0][] = [];
    const telephony = {
      originate: (leg: Parameters<Telephony['originate']>[0]) => Promise.resolve(asked.push(leg) && 'done'),
    };
    const { dial } = createDiallingEffects({
      telephony,
      callbacks,
      callerId: '137',
    } as unknown as EffectDeps);
    await dial(isDialling().call, { do: 'dial' }, () => undefined);
    const [{ args, variables }] = asked as [Parameters<Telephony['originate']>[0]];
    const channel = {
      ...{ id: channelId, name: 'PJSIP/trunk-137-1', state: 'Up', callerNumber: '', connectedNumber: '' },
      ...{ createdAt: NOW, application: 'Stasis', applicationData: ['clinic', ...args].join(), context: '' },
      variables: { ...variables, CLINIC_SPECIALTY: 'transport', CLINIC_QUEUED_AT: String(NOW) },
    };
    const seqAt = (at: number) => {
      const arrival = arrivalOf(channel, args, at, { asteriskId: 'clinic', areaCode: '21' });
      expect(arrival.enteredAt).toBe(NOW);
      return rebuild(channel, arrival, { channels: [], bridges: [] }, at)?.seq;
    };
    expect([seqAt(NOW + 60_000), seqAt(NOW + 120_000)]).toEqual([61_000, 121_000]);
  });
});

describe('its name', () => {
  it('tells of which start of the exchange it is, as those of the exchange do', () => {
    expect(isOfEarlierStart(channelId, NOW + 60_000)).toBe(true);
    expect(isOfEarlierStart(channelId, NOW - 60_000)).toBe(false);
  });
});
