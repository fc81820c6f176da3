import { afterEach, describe, expect, test, vi } from 'vitest';
import { createEcho } from '../../src/asterisk/echo.ts';
import { createIntake } from '../../src/asterisk/intake.ts';
import { createMoves } from '../../src/asterisk/moves.ts';
import { readQuality } from '../../src/asterisk/quality.ts';
import type { TelephonyEvent } from '../../src/asterisk/telephony.ts';
import { systemClock } from '../../src/clock.ts';
import { silentLog } from '../support/silent-log.ts';

afterEach(() => {
  vi.useRealTimers();
});

const signal = (): AbortSignal => new AbortController().signal;

describe('the echo', () => {
  function setUp(send: (name: string) => Promise<unknown> = () => Promise.resolve()) {
    const sent: string[] = [];
    const echo = createEcho({
      send: (name) => {
        sent.push(name);
        return send(name);
      },
      deadlineMs: 50,
      clock: systemClock,
    });
    const hear = (eventname: string | undefined): boolean =>
      echo.saw({ type: 'ChannelUserevent', eventname });
    return { echo, sent, hear };
  }

  test('proves when the very event sent comes back', async () => {
    const { echo, sent, hear } = setUp();
    const proof = echo.prove(signal());
    expect(hear(sent[0])).toBe(true);
    expect(await proof).toBeGreaterThanOrEqual(0);
  });

  test('an answer alone proves nothing', async () => {
    const { echo } = setUp();
    await expect(echo.prove(signal())).rejects.toMatchObject({ code: 'echo-missing' });
  });

  test("an earlier echo that comes late, and another process's, prove nothing; ours is kept from everybody", async () => {
    const { echo, sent, hear } = setUp();
    await expect(echo.prove(signal())).rejects.toMatchObject({ code: 'echo-missing' });
    const second = echo.prove(signal());
    expect(hear(sent[0])).toBe(true);
    expect(hear('clinic-echo-of-another-1')).toBe(false);
    expect(echo.saw({ type: 'ChannelUserevent' })).toBe(false);
    await expect(second).rejects.toMatchObject({ code: 'echo-missing' });
  });

  test('a request that fails ends the proof with its own fault', async () => {
    const { echo } = setUp(() => Promise.reject(new Error('refused')));
    await expect(echo.prove(signal())).rejects.toThrow('refused');
  });

  test('the end of the socket ends the proof', async () => {
    const { echo } = setUp();
    const over = new AbortController();
    const proof = echo.prove(over.signal);
    over.abort(new Error('socket closed'));
    await expect(proof).rejects.toThrow('socket closed');
  });
});

describe('what comes in', () => {
  const setUp = () => {
    const told: string[] = [];
    const tell = { onMalformed: () => told.push('malformed'), onReplaced: () => told.push('replaced') };
    const echo = createEcho({ send: () => Promise.resolve(), deadlineMs: 50, clock: systemClock });
    const intake = createIntake({
      echo,
      log: silentLog,
      onRaw: ({ type }) => told.push(String(type)),
      ...tell,
    });
    return { intake, told };
  };

  test('is kept in order until the socket is proven, and told at once from then on', () => {
    const { intake, told } = setUp();
    intake.frame('{"type":"A"}');
    intake.frame('{"type":"B"}');
    expect(told).toEqual([]);
    intake.open();
    expect(told).toEqual(['A', 'B']);
    intake.frame('{"type":"C"}');
    expect(told).toEqual(['A', 'B', 'C']);
    expect(intake.heard()).toBe(3);
  });

  test('is told when it is unreadable or the end, proven or not', () => {
    const { intake, told } = setUp();
    intake.frame('{');
    intake.frame('{"type":"ApplicationReplaced"}');
    expect(told).toEqual(['malformed', 'replaced']);
  });
});

describe('a channel taken over', () => {
  const left: TelephonyEvent = { type: 'channel-left', channelId: 'c', at: 1 };
  const channel = { id: 'c' } as Extract<TelephonyEvent, { type: 'channel-entered' }>['channel'];
  const entered: TelephonyEvent = { type: 'channel-entered', channel, args: [], at: 2 };

  test('is told as entered, not as left', async () => {
    vi.useFakeTimers();
    const late: TelephonyEvent[] = [];
    const moves = createMoves((event) => late.push(event));
    await moves.during('c', () => Promise.resolve('done'));
    expect(moves.pass(left)).toBeNull();
    expect(moves.pass({ ...left, channelId: 'd' })).toMatchObject({ channelId: 'd' });
    expect(moves.pass(entered)).toBe(entered);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(late).toEqual([]);
    expect(moves.pass(left)).toBe(left);
  });

  test('that hangs up meanwhile is told as left after all', async () => {
    vi.useFakeTimers();
    const late: TelephonyEvent[] = [];
    const moves = createMoves((event) => late.push(event));
    await moves.during('c', () => Promise.resolve('done'));
    expect(moves.pass(left)).toBeNull();
    await vi.advanceTimersByTimeAsync(500);
    expect(late).toEqual([left]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('whose move fails or finds nobody is told as left at once', async () => {
    const late: TelephonyEvent[] = [];
    const moves = createMoves((event) => late.push(event));
    const gone = moves.during('c', () => {
      expect(moves.pass(left)).toBeNull();
      return Promise.resolve('gone');
    });
    expect(await gone).toBe('gone');
    expect(late).toEqual([left]);
    await expect(moves.during('c', () => Promise.reject(new Error('late')))).rejects.toThrow('late');
    expect(moves.pass(left)).toBe(left);
  });

  test('leaves no timer when everything is closed', async () => {
    vi.useFakeTimers();
    const moves = createMoves(() => undefined);
    await moves.during('c', () => Promise.resolve('done'));
    moves.pass(left);
    moves.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('RTCP', () => {
  const report = { channel: 'PJSIP/e001-1', report0fractionlost: '64', report0iajitter: '80', rtt: '0.0350' };

  test('what the telephone hears, in milliseconds and percent', () => {
    expect(readQuality({ ...report, event: 'RTCPReceived' })).toEqual({
      channelName: 'PJSIP/e001-1',
      heardBy: 'theirs',
      rttMs: 35,
      lossPercent: 25,
      jitterMs: 10,
    });
  });

  test('what Asterisk hears tells no way there and back', () => {
    const { rtt, ...sent } = report;
    expect(rtt).toBe('0.0350');
    expect(readQuality({ ...sent, event: 'RTCPSent' })).toMatchObject({ heardBy: 'ours', rttMs: null });
  });

  test.each([
    { ...report, event: 'FullyBooted' },
    { ...report, event: 'RTCPReceived', report0fractionlost: undefined },
    { ...report, event: 'RTCPReceived', report0iajitter: ['1', '2'] },
    { ...report, event: 'RTCPReceived', channel: '' },
    {},
  ])('%o is no report', (event) => {
    expect(readQuality(event)).toBeNull();
  });
});
