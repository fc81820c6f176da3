import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listenerOf, talkName } from '../../src/recordings/names.ts';
import { followPauseKeys } from '../../src/recordings/pause-keys.ts';
import { createPauses } from '../../src/recordings/pauses.ts';
import { recordingLog } from '../support/silent-log.ts';
import { channelOf, scriptedTelephony } from '../support/telephony.ts';

const TALK = { callId: '01890000-0000-7000-8000-000000000001', offerId: 'a1b2-1' };
const NAME = talkName(TALK);
const SECONDS = 120;
const EXPERT = 'expert:e001';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One recording in the exchange: null where there is none. */
function scene(paused: boolean | null = false) {
  const script = scriptedTelephony();
  const exchange = { paused, fails: false };
  const told: string[] = [];
  const { log, lines } = recordingLog();
  const pauses = createPauses({
    ...{ telephony: script.telephony, seconds: SECONDS, log },
    sounds: {
      isPaused: (name) => Promise.resolve(name === NAME ? exchange.paused : null),
      setPaused: (_name, wanted) => {
        if (exchange.fails) return Promise.reject(new Error('no answer'));
        exchange.paused = wanted;
        return Promise.resolve('done');
      },
    },
    say: (_talk, words) => Promise.resolve(told.push(`say ${words}`)),
    onSwitched: (_talk, isPaused, actor) => told.push(`${isPaused ? 'paused' : 'resumed'} ${actor}`),
  });
  return { pauses, script, exchange, told, lines };
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('a pause', () => {
  it('is begun and ended by the same keys, written down and said', async () => {
    const { pauses, told } = scene();
    pauses.toggle(TALK, EXPERT);
    await pass(1);
    pauses.toggle(TALK, EXPERT);
    await pass(2 * SECONDS);
    expect(told).toEqual([`paused ${EXPERT}`, 'say paused', `resumed ${EXPERT}`, 'say resumed']);
  });

  it('is one where two ask for it at once, and asked for again its time begins anew', async () => {
    const { pauses, told, exchange } = scene();
    await Promise.all([pauses.set(TALK, true, EXPERT), pauses.set(TALK, true, 'account:1')]);
    await pass(SECONDS - 1);
    expect(await pauses.set(TALK, true, EXPERT)).toBe('done');
    await pass(SECONDS - 1);
    expect(told).toEqual([`paused ${EXPERT}`, 'say paused']);
    await pass(1);
    expect(exchange.paused).toBe(false);
    expect(told.slice(2)).toEqual(['resumed system', 'say resumed']);
  });

  it('ends by itself also where the exchange did not answer, to the pause or to its end', async () => {
    const { pauses, told, exchange, lines } = scene();
    exchange.fails = true;
    await expect(pauses.set(TALK, true, EXPERT)).rejects.toThrow('no answer');
    exchange.paused = true;
    await pass(SECONDS);
    expect(lines).toMatchObject([{ msg: 'pause.not-ended' }]);
    exchange.fails = false;
    await pass(10);
    expect(told).toEqual(['resumed system', 'say resumed']);
  });

  it('that an earlier process has left is found, and ends; the recording of another talk is left alone', async () => {
    const { pauses, script, told, exchange } = scene(true);
    const other = listenerOf({ ...TALK, offerId: 'other' });
    script.standing.push(channelOf(listenerOf(TALK), 'Snoop/1', ''), channelOf(other, 'Snoop/2', ''));
    await pauses.takeUp();
    await pass(SECONDS - 1);
    expect(exchange.paused).toBe(true);
    await pass(1);
    expect(told).toEqual(['resumed system', 'say resumed']);
  });

  it('is over with the talk, and with this process', async () => {
    const { pauses, script } = scene();
    await pauses.set(TALK, true, EXPERT);
    expect(vi.getTimerCount()).toBe(1);
    script.say({ type: 'channel-left', channelId: listenerOf(TALK), at: 0 });
    expect(vi.getTimerCount()).toBe(0);
    await pauses.set(TALK, false, EXPERT);
    await pauses.set(TALK, true, EXPERT);
    pauses.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(script.listeners()).toBe(0);
  });

  it('of a talk that is not recorded there is none: by keys that is said, over HTTP answered', async () => {
    const { pauses, told } = scene(null);
    expect(await pauses.set(TALK, true, EXPERT)).toBe('gone');
    expect(told).toEqual([]);
    pauses.toggle(TALK, EXPERT);
    await pass(2 * SECONDS);
    expect(told).toEqual(['say none']);
  });

  it('that cannot be begun is not said to be', async () => {
    const { pauses, told, exchange, lines } = scene();
    exchange.fails = true;
    pauses.toggle(TALK, EXPERT);
    await pass(1);
    expect(told).toEqual([]);
    expect(lines).toMatchObject([{ msg: 'pause.not-switched' }]);
    pauses.close();
  });
});

it("an expert's keys count in their own talk, each telephone's by itself, and no other's", () => {
  const script = scriptedTelephony();
  const codes: string[] = [];
  const unfollow = followPauseKeys({
    telephony: script.telephony,
    talkAt: (channelId) => (channelId.startsWith('exp-') ? channelId : null),
    onCode: (talk) => codes.push(talk),
  });
  const key = (channelId: string, digits: string) =>
    [...digits].forEach((digit) => script.say({ type: 'digit', channelId, digit, at: 1000 }));
  key('citizen', '*48');
  key('exp-1', '*4');
  key('exp-2', '8');
  script.say({ type: 'channel-destroyed', channelId: 'exp-2', cause: 16, at: 1000 });
  key('exp-1', '8');
  key('exp-3', '*4');
  script.say({ type: 'channel-destroyed', channelId: 'exp-3', cause: 16, at: 1000 });
  key('exp-3', '8');
  expect(codes).toEqual(['exp-1']);
  unfollow();
  expect(script.listeners()).toBe(0);
});
