import { describe, expect, it } from 'vitest';
import type { Call, CallEvent } from '../../src/calls/call.ts';
import { createLegs } from '../../src/calls/legs.ts';
import type { LiveCalls } from '../../src/calls/live-calls.ts';
import { isRinging, NOW } from '../support/call-fixtures.ts';
import { silentLog } from '../support/silent-log.ts';

/** What the ends and the rings of legs are taken for. */

function scene(call: Call | null) {
  const posted: CallEvent[] = [];
  const hungUp: string[] = [];
  const runner = { call: () => call, post: (event: CallEvent) => void posted.push(event) };
  const all = call === null ? [] : [runner];
  const calls = {
    all: () => all,
    find: (matches: (call: Call) => boolean) => (call !== null && matches(call) ? runner : undefined),
    byCitizen: new Map(call === null ? [] : [[call.channelId, runner]]),
  } as unknown as LiveCalls;
  const telephony = {
    hangup: (channelId: string) => {
      hungUp.push(channelId);
      return Promise.resolve('done' as const);
    },
  };
  return { legs: createLegs({ telephony, log: silentLog, calls }), posted, hungUp };
}

describe('a leg that was not answered', () => {
  it.each([
    [null, 'declined'],
    [16, 'declined'],
    [21, 'declined'],
    [88, 'declined'],
    [17, 'busy'],
    [19, 'no-answer'],
    [27, 'unreachable'],
    [34, 'lost'],
    [41, 'lost'],
    [47, 'lost'],
  ])('by cause %s was %s', (cause, reason) => {
    const { legs, posted } = scene(isRinging().call);
    legs.died('o1', cause, NOW);
    expect(posted).toEqual([{ type: 'expert-failed', offerId: 'o1', reason }]);
  });
});

describe('a telephone that begins to ring', () => {
  it('for a call that is there rings on', () => {
    const call = { ...isRinging().call, channelId: 'callback-1795939693.7' };
    const { legs, hungUp } = scene(call);
    for (const channelId of [call.channelId, 'exp-o1', '1795939693.8']) legs.heardOf(channelId);
    expect(hungUp).toEqual([]);
  });

  it('for nobody, as its request was given up for lost, is stopped: an expert’s and a citizen’s', () => {
    const { legs, hungUp } = scene(null);
    for (const channelId of ['exp-o1', 'callback-1795939693.7', '1795939693.8']) legs.heardOf(channelId);
    expect(hungUp).toEqual(['exp-o1', 'callback-1795939693.7']);
  });
});
