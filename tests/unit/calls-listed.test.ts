import { describe, expect, it, vi } from 'vitest';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import type { Callback, CallEvent } from '../../src/calls/call.ts';
import { createPerform } from '../../src/calls/effects.ts';
import { revive } from '../../src/calls/revival.ts';
import {
  closed,
  deeds,
  entries,
  feed,
  feedAt,
  inMenu,
  kinds,
  NOW,
  open,
  settings,
  start,
  timer,
  wordsOver,
} from '../support/call-fixtures.ts';
import { silentLog } from '../support/silent-log.ts';

/** A caller whose number is listed as a nuisance: a row as any, polite words, a message if wanted, and no expert. */

const listed = (specialty: string | null): CallEvent => ({
  ...(open(specialty) as Extract<CallEvent, { type: 'hours-told' }>),
  listed: true,
});
const hangUp: CallEvent = { type: 'citizen-gone', cause: 16 };
const choose: CallEvent = { type: 'citizen-digit', digit: '2' };
const isTold = () => feed(inMenu(), choose, listed('transport'));
const toMessages = { do: 'to-fallback', wish: 'message' };

describe('a listed caller', () => {
  it('chooses as everybody does, and then hears that a message may be left', () => {
    const menu = feed(inMenu(), { type: 'citizen-digit', digit: '0' }, listed(null));
    expect(menu.call.state).toBe('menu');
    const walk = isTold();
    expect(walk.call).toMatchObject({ state: 'leaving', specialty: 'transport', queuedAt: null });
    expect(walk.effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: ['clinic/message-only'] }),
    );
    expect(kinds(walk.effects)).toEqual(['hours.checked', 'caller.listed']);
    expect(deeds(walk.all)).not.toContain('join-queue');
  });

  it('comes to the message service after these words, and is the exchange’s from then on', () => {
    const walk = feed(isTold(), wordsOver);
    expect(walk.effects).toContainEqual(toMessages);
    expect(deeds(walk.effects)).not.toContain('hang-up-citizen');
    const gone = feed(walk, { type: 'handed-over', kept: true });
    expect(gone.call.state).toBe('ended');
    expect(kinds(gone.effects)).toEqual([]);
  });

  it('comes there too when nobody tells that the words are over, and is let go if that fails twice', () => {
    const walk = feed(isTold(), timer('last-words'));
    expect(deeds(walk.effects)).toEqual(['stop-playing', 'to-fallback', 'timer']);
    const again = feed(walk, timer('last-words'));
    expect(deeds(again.effects)).toEqual(['to-fallback', 'timer']);
    expect(deeds(feed(again, timer('last-words')).effects)).toEqual(['hang-up-citizen']);
  });

  it('who hangs up over the words has abandoned the call', () => {
    expect(entries(feed(isTold(), hangUp).effects)).toEqual([
      expect.objectContaining({
        ...{ kind: 'call.ended', data: expect.objectContaining({ ending: 'abandoned' }) as object },
      }),
    ]);
  });

  it.each([null, 'transport'])(
    'hears outside of the hours (%s) why nobody answers, and is offered a message only',
    (specialty) => {
      const shut = closed(specialty) as Extract<CallEvent, { type: 'hours-told' }>;
      const asked = specialty === null ? feed(start(), wordsOver) : feed(inMenu(), choose);
      const walk = feed(asked, { ...shut, listed: true });
      expect(walk.call).toMatchObject({ state: 'leaving', ending: 'abandoned' });
      expect(walk.effects).toContainEqual(
        expect.objectContaining({ do: 'play', sounds: [...shut.words, 'clinic/message-only'] }),
      );
      expect(entries(walk.effects)).toMatchObject([
        { kind: 'hours.checked' },
        { kind: 'caller.listed', data: { specialty } },
      ]);
      // The key by which others are called back.
      const keyed = feedAt(NOW + 5000, walk, { type: 'citizen-digit', digit: '1' });
      expect(kinds(keyed.effects)).toEqual([]);
      expect(deeds(keyed.effects)).not.toContain('to-fallback');
      expect(feed(keyed, wordsOver).effects).toContainEqual(toMessages);
    },
  );

  it('taken up by another process comes to the message service at once', () => {
    const step = revive(isTold().call, false, settings, NOW);
    expect(step.effects).toContainEqual(toMessages);
    expect(deeds(step.effects)).not.toContain('hang-up-citizen');
  });
});

describe('whether the caller is listed', () => {
  const ask = async (
    caller: string | null,
    isListed?: (number: string) => boolean,
    callback: Callback | null = null,
  ) => {
    const perform = createPerform({
      ...{ telephony: {} as Telephony, log: silentLog, routing: {} as never, ledger: {} as never },
      ...{ callbacks: {} as never, recorder: {} as never },
      ...{ clock: { now: () => NOW, monotonic: () => 0 }, zone: 'Asia/Tehran' },
      hours: {
        check: () => ({
          open: true,
          reason: 'weekly',
          closure: null,
          holiday: null,
          opensAt: null,
          closesAt: null,
        }),
      },
      ...{ recorder: {} as never, callbacks: {} as never },
      ...{ ringSeconds: 25, closing: { noticeMs: 0, graceMs: 0 }, callerId: '137', later: () => undefined },
      ...(isListed === undefined ? {} : { isListed }),
    });
    const replies: CallEvent[] = [];
    const call = { ...inMenu().call, caller, callback };
    await perform(call, { do: 'ask-hours', specialty: 'transport' }, (event) => replies.push(event));
    return replies;
  };

  it('is looked up with the hours, from memory, by the number', async () => {
    const isListed = vi.fn((number: string) => number === '+989121234567');
    expect(await ask('+989121234567', isListed)).toMatchObject([{ type: 'hours-told', listed: true }]);
    for (const replies of [
      await ask('+989127654321', isListed),
      await ask(null, isListed),
      await ask('+989121234567'),
    ])
      expect(replies[0]).not.toHaveProperty('listed');
    expect(isListed).toHaveBeenCalledTimes(2);
  });

  it('is asked of the number that is to be dialled, where we call', async () => {
    const isListed = (number: string) => number === '+989121234567';
    const about = (number: string): Callback => ({ id: 'p1', number, askings: 0 });
    const [told] = await ask('+989127654321', isListed, about('+989121234567'));
    expect(told).toMatchObject({ listed: true });
    const [other] = await ask('+989121234567', isListed, about('+989127654321'));
    expect(other).not.toHaveProperty('listed');
  });
});
