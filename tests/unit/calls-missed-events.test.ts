import { describe, expect, it } from 'vitest';
import { resultOf, whatFollows } from '../../src/callbacks/rules.ts';
import { callbackArrival } from '../../src/calls/arrival.ts';
import type { CallEvent } from '../../src/calls/call.ts';
import { callbackChannel, callIdOf } from '../../src/calls/identity.ts';
import { beginCallback } from '../../src/calls/machine.ts';
import { missedEvents } from '../../src/calls/missed-events.ts';
import { entries, feed, inQueue, NOW, offered, open, settings, type Walk } from '../support/call-fixtures.ts';

/** What becomes of a call whose citizen's channel is no longer there when somebody is here again. */

const channelId = callbackChannel(NOW, 7);
const number = '+989121234567';
const names = { channelId, callId: callIdOf('clinic', channelId), number };
const policy = { attempts: 3, busySeconds: 600, retrySeconds: 10_800, postponeSeconds: 7200 };
const startedAt = 0;

function isInviting(): Walk {
  const promised = { callbackId: 'c1', number, specialty: 'transport', score: NOW - 3_600_000 };
  const step = beginCallback(callbackArrival(names, 'clinic', NOW), promised, settings, NOW);
  const due: Walk = { ...step, all: step.effects };
  return feed(due, { type: 'queue-joined', position: 1 }, offered('o1'), open('transport'), {
    type: 'citizen-answered',
  });
}
const one: CallEvent = { type: 'citizen-digit', digit: '1' };
const isRinging = () => feed(isInviting(), one);
const isWaiting = () => feed(isRinging(), { type: 'expert-failed', offerId: 'o1', reason: 'no-answer' });
const isConnecting = () => feed(isRinging(), { type: 'expert-answered', offerId: 'o1' });
const isTalking = () =>
  feed(
    isConnecting(),
    { type: 'accept-told', offerId: 'o1', accepted: true },
    { type: 'bridged', offerId: 'o1' },
  );

/** The call goes on with what was missed while its channel, and every other one, has gone. */
function nothingIsThere(walk: Walk): Walk {
  const missed: CallEvent[] = [];
  const post = (event: CallEvent) => void missed.push(event);
  missedEvents({ post }, walk.call, { startedAt, byId: new Map() });
  return feed(walk, ...missed);
}

function resultAfter(walk: Walk): ReturnType<typeof resultOf> {
  expect(walk.call.state).not.toBe('inviting');
  const tried = entries(walk.all).flatMap((entry) =>
    entry.kind === 'callback.tried' ? [entry.data.result] : [],
  );
  return resultOf(walk.call.ending, tried[0] ?? null);
}

describe('a citizen we have called who is gone when somebody is here again', () => {
  it.each([
    ['inviting', isInviting()],
    ['ringing', isRinging()],
    ['waiting', isWaiting()],
    ['connecting', isConnecting()],
  ])('in %s is called again soon, and no attempt is counted', (state, walk) => {
    expect(walk.call.state).toBe(state);
    const over = nothingIsThere(walk);
    expect(over.call.state).toBe('ended');
    expect(whatFollows(resultAfter(over), 1, policy)).toEqual({
      ...{ state: 'pending', attempts: 1, afterSeconds: 120 },
    });
    // Nothing is held against the expert, and Redis holds nothing any more.
    expect(over.effects).toContainEqual({ do: 'leave-queue' });
    expect(over.effects.some((effect) => effect.do === 'miss')).toBe(false);
    expect(over.call.offer).toBeNull();
  });

  it('who had talked is served', () => {
    const over = nothingIsThere(isTalking());
    expect(resultAfter(over)).toBe('talked');
  });

  it('who hangs up while somebody is here has not been reached, as ever', () => {
    expect(resultAfter(feed(isRinging(), { type: 'citizen-gone', cause: 16 }))).toBe('hung-up');
  });
});

describe('a citizen who had called us and is gone', () => {
  it('has hung up', () => {
    expect(nothingIsThere(inQueue()).call).toMatchObject({ state: 'ended', ending: 'abandoned' });
  });
});
